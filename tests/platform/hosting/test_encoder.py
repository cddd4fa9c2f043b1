import json
import shutil
import subprocess
import sys
from pathlib import Path

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn
from transformers import AutoModel, PretrainedConfig, RobertaConfig, XLMRobertaConfig

from podion.errors import BadSettings, DataError
from podion.hosting.bases import InstalledBase, find_base
from podion.hosting.encoder import Encoder, choose_device

TEXTS = ["the card was lost", "hello", "please refund my money now, the bank was in a hurry", "", "a  b\tc "]


def test_offsets_are_characters_of_the_text_as_sent(encoder: Encoder) -> None:
    (row,) = encoder.tokenise(["The  card 你"])
    assert [row.ids[0], row.ids[-1]] == [2, 3]
    assert row.offsets[0] == row.offsets[-1] == (0, 0)
    assert row.offsets[1:3] == ((0, 3), (5, 9))
    assert row.offsets[-2] == (10, 11)


def test_a_prefix_is_read_but_is_not_part_of_the_text(encoder: Encoder) -> None:
    with_prefix, plain = encoder.tokenise(["the card"], prefix="hello ")[0], encoder.tokenise(["the card"])[0]
    assert len(with_prefix) == len(plain) + 1
    assert with_prefix.offsets == ((0, 0), *plain.offsets)
    mask = encoder.states([with_prefix], reads_tokens=True).mask
    assert mask.tolist() == [[False, False, True, True, False]]


def test_spaces_that_a_tokenizer_counts_in_are_left_out(tiny: InstalledBase, tmp_path: Path) -> None:
    shutil.copytree(tiny.path, tmp_path / "spaced")
    pieces = [("<unk>", 0.0), ("▁", -5.0), ("▁the", -1.0), ("▁card", -1.0), ("s", -2.0)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.save(str(tmp_path / "spaced" / "tokenizer.json"))
    (tmp_path / "spaced" / "base.json").unlink()
    (row,) = Encoder.load(find_base(tmp_path / "spaced", tmp_path / "bases")).tokenise(["the cards "])
    assert row.offsets == ((0, 3), (4, 8), (8, 9), (0, 0))  # the last token is the space at the end: no text


def test_texts_are_cut_at_max_tokens_and_padding_of_the_file_is_not_kept(encoder: Encoder) -> None:
    long, short = encoder.tokenise(["the " * 500, "the"])
    assert (len(long), len(short)) == (encoder.base.max_tokens, 3)


def whole_model(encoder: Encoder, texts: list[str]) -> torch.Tensor:
    """What transformers itself makes of the texts, padded and masked: the tokens of all of them, one after another."""
    rows = encoder.tokenise(texts)
    length = max(map(len, rows))
    model = AutoModel.from_pretrained(encoder.base.path, dtype=torch.float32, local_files_only=True).eval()
    ids = torch.tensor([[*row.ids, *[model.config.pad_token_id] * (length - len(row))] for row in rows])
    attention = torch.tensor([[place < len(row) for place in range(length)] for row in rows])
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=attention.long()).last_hidden_state[attention]


def cut_in_two(encoder: Encoder, texts: list[str], cut: int) -> torch.Tensor:
    rows = encoder.pack(encoder.tokenise(texts))
    with torch.no_grad():
        return encoder.upper(encoder.lower(rows, cut), rows, cut)


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_lower_and_upper_are_the_whole_model(encoder: Encoder, cut: int) -> None:
    assert (whole_model(encoder, TEXTS) - cut_in_two(encoder, TEXTS, cut)).abs().max() < 1e-5


@pytest.mark.parametrize("family", [RobertaConfig, XLMRobertaConfig])
def test_the_other_families_compute_the_same_way(
    tiny: InstalledBase, tmp_path: Path, family: type[PretrainedConfig]
) -> None:
    config = family(
        vocab_size=80, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=48, pad_token_id=0,
    )  # fmt: skip
    AutoModel.from_config(config).save_pretrained(tmp_path / "other")
    shutil.copy(tiny.path / "tokenizer.json", tmp_path / "other")
    encoder = Encoder.load(find_base(tmp_path / "other", tmp_path / "bases"))
    texts = [*TEXTS, "the " * 200]
    assert (whole_model(encoder, texts) - cut_in_two(encoder, texts, 1)).abs().max() < 1e-5


def test_lower_and_upper_are_the_whole_of_a_real_base(real_base: InstalledBase) -> None:
    encoder = Encoder.load(real_base)
    texts = ["my card was declined yesterday", "我的卡丢了", "ok"]
    assert (whole_model(encoder, texts) - cut_in_two(encoder, texts, 2)).abs().max() < 1e-5


def test_states_keep_row_order_and_do_not_depend_on_strangers(encoder: Encoder) -> None:
    rows = encoder.tokenise(TEXTS)
    mixed = encoder.states(rows, reads_tokens=True)
    for place, row in enumerate(rows):
        alone = encoder.states([row], reads_tokens=True)
        assert (alone.pooled[0] - mixed.pooled[place]).abs().max() < 1e-5
        assert torch.allclose(alone.tokens[0], mixed.tokens[place, : len(row)], atol=1e-5)
        assert mixed.mask[place].sum() == sum(end > start for start, end in row.offsets)
        assert mixed.tokens[place, len(row) :].abs().sum() == 0


def test_the_same_rows_twice_give_the_same_bits(encoder: Encoder, tiny: InstalledBase) -> None:
    rows = encoder.tokenise(TEXTS)
    again = Encoder.load(tiny)
    assert torch.equal(encoder.states(rows).pooled, encoder.states(rows).pooled)
    assert torch.equal(encoder.states(rows).pooled, again.states(again.tokenise(TEXTS)).pooled)


def test_pooled_is_the_mean_over_all_attended_tokens(encoder: Encoder) -> None:
    rows = encoder.tokenise(["the card", "the lost card was in a bank"])
    states = encoder.states(rows, reads_tokens=True)
    assert torch.allclose(states.pooled[0], states.tokens[0, : len(rows[0])].mean(0), atol=1e-6)


def test_states_may_be_trained_on_and_cost_nothing_of_tokens_nobody_reads(encoder: Encoder) -> None:
    states = encoder.states(encoder.tokenise(TEXTS))
    assert states.tokens.shape == (len(TEXTS), 0, encoder.hidden_size)
    assert states.mask.shape == (len(TEXTS), 0)
    linear = nn.Linear(encoder.hidden_size, 2)
    linear(states.pooled).sum().backward()
    assert linear.weight.grad is not None


def test_a_text_that_says_nothing_has_zeros_and_costs_nothing(encoder: Encoder) -> None:
    assert [len(row) for row in encoder.tokenise(["", " \n\t", "the"], prefix="hello ")] == [0, 0, 4]
    silent = encoder.states(encoder.tokenise(["", " "]), reads_tokens=True)
    assert encoder.work.batches == 0
    assert silent.pooled.shape == (2, encoder.hidden_size)
    mixed = encoder.states(encoder.tokenise(["the card", "", "hello"]), reads_tokens=[True, True, False], cut=1)
    said = encoder.states(encoder.tokenise(["the card", "hello"]), reads_tokens=[True, False], cut=1)
    assert mixed.lower is not None and said.lower is not None
    for both, alone in ((mixed.pooled, said.pooled), (mixed.lower, said.lower), (mixed.tokens, said.tokens)):
        assert torch.equal(both[[0, 2]], alone)
        assert not both[1].any()
    assert mixed.mask.sum(1).tolist() == [2, 0, 0]
    assert torch.equal(mixed.offsets[[0, 2]], said.offsets)


def test_no_rows_give_no_states(encoder: Encoder) -> None:
    assert encoder.states([], reads_tokens=True).pooled.shape == (0, encoder.hidden_size)


def test_peft_trains_on_the_same_encoder(encoder: Encoder) -> None:
    config = peft.LoraConfig(r=2, lora_alpha=4, target_modules=["query", "value"], layers_to_transform=[2])
    peft.inject_adapter_in_model(config, encoder.model)
    rows = encoder.tokenise(TEXTS)
    packed = encoder.pack(rows)
    with torch.no_grad():
        hidden = encoder.lower(packed, 2)
    encoder.read(rows, packed, encoder.upper(hidden, packed, 2)).pooled.sum().backward()
    trained = {name for name, parameter in encoder.model.named_parameters() if parameter.grad is not None}
    assert len(trained) == 4
    assert all("encoder.layer.2." in name and ".lora_" in name for name in trained)


def test_nothing_that_is_computed_is_padding(encoder: Encoder) -> None:
    encoder.states(encoder.tokenise(["the", "the card was"]))
    assert (encoder.work.lower_rows, encoder.work.upper_rows) == (2, 2)
    assert encoder.work.tokens == encoder.work.computed == (3 + 5) * encoder.layers


def copy_with_config(tiny: InstalledBase, folder: Path, **changes: object) -> InstalledBase:
    shutil.copytree(tiny.path, folder)
    (folder / "base.json").unlink()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))
    return find_base(folder, folder.parent / "bases")


def test_another_architecture_is_refused(tiny: InstalledBase, tmp_path: Path) -> None:
    base = copy_with_config(tiny, tmp_path / "gpt", model_type="gpt2")
    with pytest.raises(DataError, match="'gpt2'; served are encoders of the types bert, roberta, xlm-roberta"):
        Encoder.load(base)


def test_weights_that_do_not_fill_the_base_are_refused(tiny: InstalledBase, tmp_path: Path) -> None:
    base = copy_with_config(tiny, tmp_path / "deeper", num_hidden_layers=4)
    with pytest.raises(DataError, match=r"do not fill it, for one .*layer\.3"):
        Encoder.load(base)


def test_loading_is_quiet(tiny: InstalledBase, capfd: pytest.CaptureFixture[str]) -> None:
    Encoder.load(tiny)
    assert capfd.readouterr() == ("", "")


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(BadSettings, match="PODION_DEVICE=cuda"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [choose_device(device).type for device in ("auto", "cuda", "cpu")] == ["cuda", "cuda", "cpu"]


def test_weights_within_a_model_of_a_task_are_found_also_by_their_former_names(
    tiny: InstalledBase, tmp_path: Path
) -> None:
    shutil.copytree(tiny.path, tmp_path / "masked")
    (tmp_path / "masked" / "base.json").unlink()
    plain = load_file(tiny.path / "model.safetensors")
    former = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): each
        for name, each in plain.items()
    }
    save_file({**former, "cls.predictions.bias": torch.zeros(3)}, tmp_path / "masked" / "model.safetensors")
    encoder, same = Encoder.load(find_base(tmp_path / "masked", tmp_path / "bases")), Encoder.load(tiny)
    assert torch.equal(*(one.states(one.tokenise(TEXTS)).pooled for one in (encoder, same)))


def test_half_precision_is_read_as_single(tiny: InstalledBase, tmp_path: Path) -> None:
    shutil.copytree(tiny.path, tmp_path / "half")
    (tmp_path / "half" / "base.json").unlink()
    plain = load_file(tiny.path / "model.safetensors")
    save_file({name: tensor.half() for name, tensor in plain.items()}, tmp_path / "half" / "model.safetensors")
    encoder = Encoder.load(find_base(tmp_path / "half", tmp_path / "bases"))
    assert {parameter.dtype for parameter in encoder.model.parameters()} == {torch.float32}
    assert (whole_model(encoder, TEXTS) - cut_in_two(encoder, TEXTS, 1)).abs().max() < 1e-5


@pytest.mark.parametrize("activation", ["gelu_new", "relu", "silu"])
def test_each_activation_is_the_published_one(tiny: InstalledBase, tmp_path: Path, activation: str) -> None:
    encoder = Encoder.load(copy_with_config(tiny, tmp_path / activation, hidden_act=activation))
    assert (whole_model(encoder, TEXTS) - cut_in_two(encoder, TEXTS, 1)).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hidden_act": "mish"}, "hidden_act = 'mish'"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type = 'relative_key'"),
        ({"is_decoder": True}, "is_decoder = True"),
        ({"num_attention_heads": 0}, "num_attention_heads = 0"),
        ({"num_attention_heads": 5}, "num_attention_heads = 5.* 32 of hidden_size are not shared evenly by 5"),
        ({"hidden_size": 36}, "the weights do not fill it, for one embeddings.LayerNorm.bias"),
    ],
)
def test_what_would_be_computed_otherwise_is_refused(
    tiny: InstalledBase, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    base = copy_with_config(tiny, tmp_path / "other", **changes)
    with pytest.raises(DataError, match=said):
        Encoder.load(base)


def test_a_start_waits_for_no_library_that_only_training_needs(tiny: InstalledBase, tmp_path: Path) -> None:
    script = (
        "import sys, podion.hosting.engine, podion.finetuning.fit\n"
        "from podion.hosting.encoder import Encoder\n"
        "from podion.hosting.bases import find_base\n"
        f"Encoder.load(find_base({str(tiny.path)!r}, {str(tmp_path)!r}))\n"
        "print(*sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "torch" in told
    assert not {"transformers", "peft", "torch._dynamo", "scipy.optimize", "sympy"} & set(told)
