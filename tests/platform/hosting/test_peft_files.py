"""Real adapters, made and saved by PEFT on a tiny model: what is read from their files is what PEFT computes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import peft
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from torch import nn
from transformers import BertConfig, BertModel

from podion.errors import DataError
from podion.finetuning.recipe import BUILT
from podion.hosting.adapter_files import LoraFiles
from podion.hosting.peft_files import AdapterDeltas, Delta, LowRank, Rescale, read_deltas
from podion.vertical import Method

pytestmark = [
    # peft 0.21 reads a name that transformers 5.23 has renamed
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
    # its warning about a conversion that is not done here
    pytest.mark.filterwarnings("ignore:Using Rank-Stabilized LoRA with rank_pattern:UserWarning"),
    # its warning about modules of which AdaLoRA has pruned every rank
    pytest.mark.filterwarnings("ignore:Adapter 'default'.*invalid shape"),
    # and about the rank pattern that AdaLoRA itself wrote
    pytest.mark.filterwarnings("ignore:The following rank_pattern keys did not match:RuntimeWarning"),
]

HIDDEN = 32
ALL = ["query", "key", "value", "intermediate.dense", "output.dense"]
Maker = Callable[..., LoraFiles]


def tiny_model() -> BertModel:
    torch.manual_seed(0)
    config = BertConfig(vocab_size=40, hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=4,
                        intermediate_size=64, max_position_embeddings=16)  # fmt: skip
    return BertModel(config, add_pooling_layer=False).eval()


def saved(folder: Path, config: Any, train: Callable[[Any], None] | None = None) -> tuple[LoraFiles, Any]:
    """The files of an adapter that PEFT made and saved, and the model that PEFT loads them into."""
    made = peft.get_peft_model(tiny_model(), config)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "lora_" in name or "ia3_" in name:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    if train is not None:
        train(made)
    made.save_pretrained(folder)
    files = LoraFiles(
        config=json.loads((folder / "adapter_config.json").read_text()),
        tensors=load_file(folder / "adapter_model.safetensors"),
    )
    return files, peft.PeftModel.from_pretrained(tiny_model(), folder).eval()


def applied(plain: nn.Linear, delta: Delta, hidden: torch.Tensor) -> torch.Tensor:
    if isinstance(delta, LowRank):
        a, b = torch.tensor(delta.a), torch.tensor(delta.b)
        return nn.functional.linear(hidden, plain.weight, plain.bias) + (hidden @ a.T) @ b.T
    factors = torch.tensor(delta.factors)
    if delta.side == "output":
        return nn.functional.linear(hidden, plain.weight, plain.bias) * factors
    return nn.functional.linear(hidden * factors, plain.weight, plain.bias)


def assert_equal_to_peft(deltas: AdapterDeltas, loaded: Any) -> None:
    """Every module that PEFT adapts gives what the plain module and the delta give, and no other has a delta."""
    layers = {
        name.removeprefix("base_model.model."): module
        for name, module in loaded.named_modules()
        if isinstance(module, peft.tuners.tuners_utils.BaseTunerLayer)
    }
    assert set(deltas.deltas) <= set(layers)
    for name, layer in layers.items():
        plain = layer.get_base_layer()
        hidden = torch.randn(3, 5, plain.in_features)
        with torch.no_grad():
            expected = layer(hidden)
            found = applied(plain, deltas.deltas[name], hidden) if name in deltas.deltas else plain(hidden)
            assert (found - expected).abs().max() < 2e-6 * max(1.0, expected.abs().max().item())
            if name in deltas.deltas:
                assert (expected - plain(hidden)).abs().max() > 1e-2


LORAS = {
    "plain": {"r": 4, "lora_alpha": 16},
    "rank-stabilised": {"r": 4, "lora_alpha": 16, "use_rslora": True},
    "patterns": {
        "r": 4,
        "lora_alpha": 8,
        "rank_pattern": {"layer.0.attention.self.query": 7, "query": 2, r"layer\.1\.output\.dense": 3},
        "alpha_pattern": {"value": 3, "encoder.layer.1.attention.self.value": 100, "^encoder.layer.0.output.dense": 1},
    },
    "patterns, rank-stabilised": {
        "r": 4,
        "use_rslora": True,
        "rank_pattern": {"value|key": 9},
        "alpha_pattern": {r"encoder.*query": 2},
    },
}


@pytest.mark.parametrize("settings", LORAS.values(), ids=LORAS)
def test_a_lora_is_what_peft_computes(tmp_path: Path, settings: dict[str, Any]) -> None:
    files, loaded = saved(tmp_path, peft.LoraConfig(target_modules=ALL, lora_dropout=0.1, **settings))
    deltas = read_deltas(files)
    assert len(deltas.deltas) == 12  # all linear layers: six in each of two
    assert_equal_to_peft(deltas, loaded)


def test_sizes_and_the_lowest_layer_are_told(tmp_path: Path) -> None:
    config = peft.LoraConfig(r=4, target_modules=["query"], rank_pattern={"layer.1.attention.self.query": 6},
                             layers_to_transform=[1])  # fmt: skip
    deltas = read_deltas(saved(tmp_path, config)[0])
    assert (deltas.rank, deltas.lowest_layer, deltas.nbytes) == (6, 1, 2 * 6 * HIDDEN * 4)


def prune(model: Any) -> None:
    """Train for some steps, as AdaLoRA's users do: ranks are pruned on the way."""
    optimizer = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=0.1)
    for step in range(8):
        model(input_ids=torch.randint(0, 40, (4, 9))).last_hidden_state[:, :, :5].square().mean().backward()
        optimizer.step()
        model.base_model.update_and_allocate(step)
        optimizer.zero_grad()


@pytest.mark.parametrize("alpha", [16, 0])
def test_an_adalora_with_pruned_ranks_is_what_peft_computes(tmp_path: Path, alpha: int) -> None:
    config = peft.AdaLoraConfig(init_r=6, target_r=2, total_step=8, tinit=1, tfinal=2, deltaT=1, lora_alpha=alpha,
                                target_modules=ALL)  # fmt: skip
    files, loaded = saved(tmp_path, config, prune)
    kept = {name: sum(ranks) for name, ranks in files.config["rank_pattern"].items()}
    assert min(kept.values()) < 6
    assert sum(kept.values()) == 2 * len(kept)
    deltas = read_deltas(files)
    assert {name: delta.rank for name, delta in deltas.deltas.items() if isinstance(delta, LowRank)} == {
        name.removesuffix(".lora_E"): rank for name, rank in kept.items() if rank
    }
    assert_equal_to_peft(deltas, loaded)


def test_an_adalora_before_it_prunes_is_what_peft_computes(tmp_path: Path) -> None:
    def silence(model: Any) -> None:
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_E" in name:
                    parameter[1] = 0.0

    config = peft.AdaLoraConfig(init_r=6, target_r=2, total_step=100, tinit=10, target_modules=["query", "value"])
    files, loaded = saved(tmp_path, config, silence)
    deltas = read_deltas(files)
    assert deltas.rank == 5
    assert_equal_to_peft(deltas, loaded)


@pytest.mark.parametrize("feedforward", [["output.dense"], [], r".*layer.\d+.output.dense"])
def test_an_ia3_is_what_peft_computes(tmp_path: Path, feedforward: list[str] | str) -> None:
    config = peft.IA3Config(target_modules=["key", "value", "output.dense"], feedforward_modules=feedforward)
    files, loaded = saved(tmp_path, config)
    deltas = read_deltas(files)
    sides = {name: delta.side for name, delta in deltas.deltas.items() if isinstance(delta, Rescale)}
    assert sides["encoder.layer.0.output.dense"] == ("input" if feedforward else "output")
    assert sides["encoder.layer.1.attention.self.key"] == "output"
    assert deltas.rank == 0
    assert_equal_to_peft(deltas, loaded)


def test_half_precision_is_read_as_peft_reads_it(lora_files: Maker) -> None:
    files = lora_files(1)
    halves = {name: array.astype(np.float16) for name, array in files.tensors.items()}
    for delta in read_deltas(LoraFiles(config=files.config, tensors=halves)).deltas.values():
        assert isinstance(delta, LowRank)
        assert (delta.a.dtype, delta.b.dtype) == (np.float32, np.float32)


def test_arrays_that_need_no_change_are_not_copied(lora_files: Maker) -> None:
    files = lora_files(1, lora_alpha=4)
    module = "encoder.layer.0.attention.self.query"
    delta = read_deltas(files).deltas[module]
    assert isinstance(delta, LowRank)
    assert np.shares_memory(delta.a, files.tensors[f"base_model.model.{module}.lora_A.weight"])
    assert np.shares_memory(delta.b, files.tensors[f"base_model.model.{module}.lora_B.weight"])


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"use_dora": True}, "DoRA"),
    ({"peft_type": "LOHA"}, "'LOHA'; LORA, ADALORA, IA3 are served"),
    ({"peft_type": ["LORA"]}, r"\['LORA'\]"),
    ({"bias": "all"}, "biases"),
    ({"modules_to_save": ["classifier"]}, "modules saved whole"),
    ({"lora_bias": True}, "a bias in LoRA"),
    ({"trainable_token_indices": [1, 2]}, "trainable tokens"),
    ({"target_parameters": ["w"]}, "target_parameters"),
    ({"use_tomorrows_variant": {"x": 1}}, "'use_tomorrows_variant'"),
    ({"init_lora_weights": "pissa_niter_4"}, "changes the base model"),
    ({"init_lora_weights": 1}, "changes the base model"),
    ({"r": 9}, "rank 4, the configuration says 9"),
    ({"r": 0}, "r=0"),
    ({"r": True}, "r=True"),
    ({"lora_alpha": "much"}, "'much'"),
    ({"lora_alpha": float("nan")}, "nan"),
    ({"lora_alpha": 10**400}, "not numbers that scale"),
    ({"rank_pattern": {"query": "4"}}, "r='4'"),
    ({"rank_pattern": [4]}, "no object"),
    ({"alpha_pattern": dict.fromkeys(map(str, range(2000)), 1)}, "at most 1024"),
    ({"alpha_pattern": {"(a+)+b": 1}}, "no name of modules"),
    ({"alpha_pattern": {".*.*.*": 1}}, "no name of modules"),
    ({"alpha_pattern": {"[z-a]": 1}}, "no pattern"),
    ({"alpha_pattern": {"q" * 1000: 1}}, "no name of modules"),
]


@pytest.mark.parametrize(("config", "words"), REFUSED)
def test_what_cannot_be_served_exactly_is_refused(lora_files: Maker, config: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words) as raised:
        read_deltas(lora_files(1, **config))
    assert raised.value.code == "bad_adapter"
    assert len(raised.value.detail) < 400


def test_a_configuration_that_is_no_object_is_refused() -> None:
    with pytest.raises(DataError, match="no object"):
        read_deltas(LoraFiles(config=["LORA"], tensors={}))  # type: ignore[arg-type]


FIRST = "base_model.model.encoder.layer.0.attention.self.query.lora_A.weight"
SECOND = FIRST.replace("lora_A", "lora_B")
HOSTILE: list[tuple[dict[str, Any], str]] = [
    ({"classifier.weight": np.zeros((2, 2), np.float32)}, "classifier.weight"),
    ({"base_model.model.../../etc/passwd.lora_A.weight": np.zeros((4, 32), np.float32)}, "passwd"),
    ({"base_model.model./etc/passwd.lora_A.weight": np.zeros((4, 32), np.float32)}, "passwd"),
    ({f"base_model.model.{'a.' * 10_000}b.lora_A.weight": np.zeros((4, 32), np.float32)}, "not part of a LoRA"),
    ({FIRST.replace("lora_A", "lora_E"): np.zeros((4, 1), np.float32)}, "not part of a LoRA"),
    ({FIRST.replace("query", "key"): np.zeros((4, 32), np.float32)}, "has lora_A instead of lora_A and lora_B"),
    ({FIRST: np.zeros((3, 32), np.float32)}, "do not fit"),
    ({FIRST: np.zeros((4, 32, 1), np.float32)}, "do not fit"),
    ({FIRST: np.zeros((0, 32), np.float32), SECOND: np.zeros((32, 0), np.float32)}, "rank 0, the configuration says"),
    ({FIRST: np.zeros((300, 32), np.float32), SECOND: np.zeros((32, 300), np.float32)}, "256 is the largest"),
    ({FIRST: np.zeros((4, 32), np.int64)}, "int64"),
    ({FIRST: np.full((4, 32), np.nan, np.float32)}, "not finite"),
    ({SECOND: np.full((32, 4), np.inf, np.float32)}, "not finite"),
    ({SECOND: np.full((32, 4), 3e38, np.float32)}, "not finite"),
    ({SECOND: np.full((32, 4), 1e300, np.float64)}, "not finite"),
]


@pytest.mark.parametrize(("tensors", "words"), HOSTILE)
def test_hostile_tensors_are_refused(lora_files: Maker, tensors: dict[str, Any], words: str) -> None:
    files = lora_files(1)
    with pytest.raises(DataError, match=words) as raised:
        read_deltas(LoraFiles(config=files.config, tensors={**files.tensors, **tensors}))
    assert raised.value.code == "bad_adapter"
    assert len(raised.value.detail) < 400


def ada(config: dict[str, Any] | None = None, **sides: Any) -> LoraFiles:
    module = "encoder.layer.0.attention.self.query"
    plain = {"lora_A": np.ones((2, 32)), "lora_B": np.ones((32, 2)), "lora_E": np.ones((2, 1)), **sides}
    return LoraFiles(
        config={"peft_type": "ADALORA", "init_r": 2, "lora_alpha": 8, **(config or {})},
        tensors={f"base_model.model.{module}.{side}": array.astype(np.float32) for side, array in plain.items()},
    )


PATTERN = "encoder.layer.0.attention.self.query.lora_E"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (ada({"init_r": 3}), "rank 2, the configuration says 3"),
        (ada({"init_r": 2.0}), "init_r=2.0"),
        (ada({"rank_pattern": {PATTERN: [True]}}), "no list of 2"),
        (ada({"rank_pattern": {PATTERN: 2}}), "no list of 2"),
        (ada({"rank_pattern": {PATTERN: [True, False]}}), "the configuration says 1"),
        (ada(lora_E=np.ones((1, 2))), "do not fit"),
        (ada(lora_E=np.zeros((2, 1))), "changes nothing"),
        (ada(lora_E=np.full((2, 1), 3e38), lora_A=np.full((2, 32), 3e38)), "not finite"),
        (LoraFiles(config={"peft_type": "ADALORA", "init_r": 2, "lora_alpha": 8}, tensors={}), "no tensor"),
    ],
)
def test_adaloras_that_contradict_themselves_are_refused(files: LoraFiles, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_deltas(files)


@pytest.mark.parametrize(
    ("names", "shape", "words"),
    [
        (["query"], (32, 1), "do not fit its input"),
        ([], (1, 32), "do not fit its output"),
        ([], (0, 1), "do not fit its output"),
        ([], (32,), "do not fit its output"),
        (None, (32, 1), "no list of names"),
        ([3], (32, 1), "no list of names"),
        ("(x+)+", (32, 1), "no name of modules"),
    ],
)
def test_ia3s_that_contradict_themselves_are_refused(names: Any, shape: tuple[int, ...], words: str) -> None:
    tensors = {"base_model.model.encoder.layer.0.attention.self.query.ia3_l": np.ones(shape, np.float32)}
    with pytest.raises(DataError, match=words):
        read_deltas(LoraFiles(config={"peft_type": "IA3", "feedforward_modules": names}, tensors=tensors))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from([*LoraFiles.__dataclass_fields__, "r", "lora_alpha", "rank_pattern", "bias", "init_r"])


@settings(max_examples=50, deadline=None)
@given(
    kind=st.sampled_from(["LORA", "ADALORA", "IA3"]),
    config=st.dictionaries(names, json_values, max_size=4),
    shapes=st.dictionaries(
        st.sampled_from(["lora_A.weight", "lora_B.weight", "lora_A", "lora_B", "lora_E", "ia3_l"]),
        st.lists(st.integers(0, 4), max_size=3),
        max_size=3,
    ),
)
def test_whatever_the_files_hold_they_are_read_or_refused(
    kind: str, config: dict[str, Any], shapes: dict[str, list[int]]
) -> None:
    whole = {"r": 2, "lora_alpha": 1, "init_r": 2, "feedforward_modules": [], **config, "peft_type": kind}
    tensors = {f"base_model.model.a.{side}": np.ones(shape, np.float32) for side, shape in shapes.items()}
    try:
        deltas = read_deltas(LoraFiles(config=whole, tensors=tensors))
    except DataError as error:
        assert error.code == "bad_adapter"
    else:
        assert deltas.deltas


DOCUMENT = Path(__file__).parents[3] / "docs" / "hosting.md"


def published_tables() -> list[dict[str, list[str]]]:
    """Each table of the section: name -> what the other columns say."""
    text = DOCUMENT.read_text("utf-8").split("## Which adapters may share a pass", 1)[1].split("\n## ", 1)[0]
    tables: list[dict[str, list[str]]] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if set(line) <= set("|-") and line:
            tables.append({})
        elif line.startswith("| `") and tables:
            tables[-1] |= dict.fromkeys(re.findall(r"`([\w-]+)`", cells[0]), cells[1:])
    return tables


def test_the_published_table_names_every_method_and_says_what_the_code_does(lora_files: Maker) -> None:
    kinds, options, methods = published_tables()
    assert set(kinds) == {kind.value for kind in peft.PeftType}
    assert {told for told, _ in kinds.values()} == {"mixed", "apart", "refused"}
    for name, (told, _) in kinds.items():
        try:
            read_deltas(lora_files(1, peft_type=name))
        except DataError as error:
            assert ("are served" in error.detail) == (told != "mixed")
        else:
            assert told == "mixed"
    for name in options:
        with pytest.raises(DataError):
            read_deltas(lora_files(1, **{name: "pissa"}))
    assert set(methods) == set(Method) - {Method.AUTO}
    assert {name for name, (_, why) in methods.items() if "not trained" not in why} == set(BUILT)
