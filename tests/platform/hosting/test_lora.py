import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import peft
import pytest
import torch
from safetensors.numpy import load_file
from transformers import AutoModel

from podion.errors import DataError
from podion.hosting.adapter_files import AdapterParts, Calibration, HeadFile, LoraFiles, read_adapter, write_adapter
from podion.hosting.bases import InstalledBase
from podion.hosting.encoder import Encoder
from podion.hosting.lora import LoraTensors

# peft 0.21 reads a name that transformers 5.23 has renamed
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

TEXTS = ["the card was lost", "hello", "please refund my money now", "a bank", "the money was in the bank"]
Maker = Callable[..., LoraFiles]


def plain_peft(folder: Path, base: InstalledBase, encoder: Encoder, config: peft.LoraConfig) -> tuple[LoraFiles, Any]:
    """Have PEFT save a random adapter, and load it back the way a tenant would; its files and PEFT's own states."""
    plain = AutoModel.from_pretrained(base.path, add_pooling_layer=False)
    made = peft.get_peft_model(plain, config)
    torch.manual_seed(3)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.1)
    made.save_pretrained(folder)
    fresh = AutoModel.from_pretrained(base.path, add_pooling_layer=False)
    loaded = peft.PeftModel.from_pretrained(fresh, folder).eval()
    batch = encoder.batch(encoder.tokenise(TEXTS))
    with torch.no_grad():
        hidden = loaded(input_ids=batch.ids, attention_mask=batch.attention.long()).last_hidden_state
    files = LoraFiles(
        config=json.loads((folder / "adapter_config.json").read_text()),
        tensors=load_file(folder / "adapter_model.safetensors"),
    )
    return files, (hidden * batch.attention[:, :, None]).sum(1) / batch.attention.sum(1, keepdim=True)


@pytest.mark.parametrize("rank_stabilised", [False, True])
def test_rows_are_what_plain_peft_computes(
    encoder: Encoder, tiny: InstalledBase, tmp_path: Path, rank_stabilised: bool
) -> None:
    targets = ["query", "value", "intermediate.dense", "output.dense"]
    config = peft.LoraConfig(r=4, lora_alpha=16, target_modules=targets, use_rslora=rank_stabilised)
    files, expected = plain_peft(tmp_path, tiny, encoder, config)
    rows = encoder.tokenise(TEXTS)
    found = encoder.states(rows, adapters=[LoraTensors.from_files(files)] * len(rows)).pooled
    assert (found - expected).abs().max() < 1e-5
    assert (found - encoder.states(rows).pooled).abs().max() > 1e-2


def test_rows_are_what_plain_peft_computes_on_a_real_base(real_base: InstalledBase, tmp_path: Path) -> None:
    encoder = Encoder.load(real_base)
    config = peft.LoraConfig(r=8, lora_alpha=16, target_modules=["query", "value"], layers_to_transform=[4, 5])
    files, expected = plain_peft(tmp_path, real_base, encoder, config)
    rows = encoder.tokenise(TEXTS)
    found = encoder.states(rows, adapters=[LoraTensors.from_files(files)] * len(rows)).pooled
    assert (found - expected).abs().max() < 1e-5


def test_what_we_write_plain_peft_loads(
    encoder: Encoder, tiny: InstalledBase, tmp_path: Path, lora_files: Maker
) -> None:
    files = lora_files(5)
    parts = AdapterParts(
        card={"task": "t/t", "method": "lora", "base": tiny.name, "fingerprint": tiny.fingerprint},
        head=HeadFile(implementation="a:B", record="a:R", hidden_size=32, labels=("x", "y")),
        head_tensors={"w": np.zeros(2, np.float32)},
        calibration=Calibration(),
        lora=files,
    )
    write_adapter(tmp_path / "adapter", parts)
    read = read_adapter(tmp_path / "adapter").lora
    assert read is not None
    plain = AutoModel.from_pretrained(tiny.path, add_pooling_layer=False)
    loaded = peft.PeftModel.from_pretrained(plain, tmp_path / "adapter").eval()
    batch = encoder.batch(encoder.tokenise(TEXTS))
    with torch.no_grad():
        hidden = loaded(input_ids=batch.ids, attention_mask=batch.attention.long()).last_hidden_state
        with encoder.adapted([LoraTensors.from_files(read)] * len(TEXTS)):
            ours = encoder.upper(encoder.lower(batch, 0), batch.attention, 0)
    assert (ours - hidden)[batch.attention].abs().max() < 1e-5


def test_a_mixed_batch_is_each_row_alone(encoder: Encoder, lora_files: Maker) -> None:
    rows = encoder.tokenise(TEXTS)
    adapters = [
        LoraTensors.from_files(lora_files(1)),
        None,
        LoraTensors.from_files(lora_files(2, rank=7, targets=("query", "key"))),
        LoraTensors.from_files(lora_files(3, rank=1, layers=1)),
        None,
    ]
    mixed = encoder.states(rows, adapters=adapters)
    for place, (row, adapter) in enumerate(zip(rows, adapters, strict=True)):
        alone = encoder.states([row], adapters=[adapter])
        assert (alone.pooled[0] - mixed.pooled[place]).abs().max() < 1e-5
    plain = encoder.states(rows)
    for place, adapter in enumerate(adapters):
        same = (plain.pooled[place] - mixed.pooled[place]).abs().max() < 1e-5
        assert same == (adapter is None)


def test_an_adapter_leaves_nothing_behind(encoder: Encoder, lora_files: Maker) -> None:
    rows = encoder.tokenise(TEXTS)
    before = encoder.states(rows).pooled
    encoder.states(rows, adapters=[LoraTensors.from_files(lora_files(1))] * len(rows))
    with pytest.raises(RuntimeError, match="in the middle"), encoder.adapted([LoraTensors.from_files(lora_files(1))]):
        raise RuntimeError("in the middle")
    assert torch.equal(encoder.states(rows).pooled, before)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"peft_type": "IA3"}, "'IA3'"),
        ({"bias": "all"}, "biases"),
        ({"modules_to_save": ["classifier"]}, "modules saved whole"),
        ({"r": 9}, "rank 4, the configuration says 9"),
        ({"r": 0}, "r=0"),
        ({"lora_alpha": "much"}, "'much'"),
        ({"alpha_pattern": {"query": 3}}, "an alpha per module"),
    ],
)
def test_what_cannot_be_served_exactly_is_refused(lora_files: Maker, config: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words) as raised:
        LoraTensors.from_files(lora_files(1, **config))
    assert raised.value.code == "bad_adapter"


def test_tensors_that_do_not_belong_are_refused(encoder: Encoder, lora_files: Maker) -> None:
    files = lora_files(1)
    first = sorted(files.tensors)[0]
    for tensors, words in [
        ({**files.tensors, "classifier.weight": np.zeros((2, 2), np.float32)}, "classifier.weight"),
        ({name: files.tensors[name] for name in files.tensors if name != first}, "instead of lora_A and lora_B"),
        ({**files.tensors, first: np.zeros((3, 32), np.float32)}, "do not fit"),
        ({}, "no tensor"),
    ]:
        with pytest.raises(DataError, match=words):
            LoraTensors.from_files(LoraFiles(config=files.config, tensors=tensors))
    with pytest.raises(DataError, match=r"no linear layer encoder\.layer\.3"):
        encoder.check_adapter(LoraTensors.from_files(lora_files(1, layers=4)))
    wide = {name: np.zeros((4, 64) if "lora_A" in name else (32, 4), np.float32) for name in files.tensors}
    with pytest.raises(DataError, match="maps 64 to 32"):
        encoder.check_adapter(LoraTensors.from_files(LoraFiles(config=files.config, tensors=wide)))
