"""What a mixed batch computes, against PEFT's own models and against each row alone."""

import json
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
from transformers import AutoModel

from podion.hosting.adapter_files import AdapterParts, Calibration, HeadFile, LoraFiles, read_adapter, write_adapter
from podion.hosting.adapter_pool import PooledAdapter
from podion.hosting.bases import InstalledBase
from podion.hosting.encoder import Encoder
from podion.hosting.peft_files import read_deltas

# peft 0.21 reads a name that transformers 5.23 has renamed
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

TEXTS = ["the card was lost", "hello", "please refund my money now", "a bank", "the money was in the bank", "hello"]
Maker = Callable[..., LoraFiles]


def loaded_by_peft(base: InstalledBase, folder: Path) -> Any:
    """A fresh model with the adapter in `folder`, as a tenant would load it."""
    return peft.PeftModel.from_pretrained(AutoModel.from_pretrained(base.path, add_pooling_layer=False), folder).eval()


def mean_states(model: Any, encoder: Encoder) -> torch.Tensor:
    rows = encoder.tokenise(TEXTS)
    with torch.no_grad():
        means = [model(input_ids=torch.tensor([row.ids])).last_hidden_state.mean(1) for row in rows]
    return torch.cat(means)


def plain_peft(folder: Path, base: InstalledBase, encoder: Encoder, config: Any) -> tuple[LoraFiles, torch.Tensor]:
    """Have PEFT save a random adapter, and load it back the way a tenant would; its files and PEFT's own states."""
    made: Any = peft.get_peft_model(AutoModel.from_pretrained(base.path, add_pooling_layer=False), config)
    torch.manual_seed(3)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if any(side in name for side in ("lora_B", "lora_E", "ia3_l")):
                parameter.add_(torch.randn_like(parameter) * 0.1)
    made.save_pretrained(folder)
    files = LoraFiles(
        config=json.loads((folder / "adapter_config.json").read_text()),
        tensors=load_file(folder / "adapter_model.safetensors"),
    )
    return files, mean_states(loaded_by_peft(base, folder), encoder)


TARGETS = ["query", "value", "intermediate.dense", "output.dense"]
CONFIGS = {
    "lora": peft.LoraConfig(r=4, lora_alpha=16, target_modules=TARGETS),
    "rslora": peft.LoraConfig(r=5, lora_alpha=16, target_modules=TARGETS, use_rslora=True),
    "adalora": peft.AdaLoraConfig(init_r=6, target_r=3, total_step=10, lora_alpha=16, target_modules=TARGETS),
    "ia3": peft.IA3Config(target_modules=["key", "value", r"output.dense"], feedforward_modules=["output.dense"]),
}


def put(encoder: Encoder, files: LoraFiles, key: str = "a") -> PooledAdapter:
    return encoder.pool.put(read_deltas(files), key)


@pytest.mark.parametrize("method", CONFIGS)
def test_rows_are_what_plain_peft_computes(encoder: Encoder, tiny: InstalledBase, tmp_path: Path, method: str) -> None:
    files, expected = plain_peft(tmp_path, tiny, encoder, CONFIGS[method])
    rows = encoder.tokenise(TEXTS)
    found = encoder.states(rows, adapters=[put(encoder, files)] * len(rows)).pooled
    assert (found - expected).abs().max() < 1e-5
    assert (found - encoder.states(rows).pooled).abs().max() > 1e-2


def test_methods_mix_in_one_batch(encoder: Encoder, tiny: InstalledBase, tmp_path: Path) -> None:
    made = {name: plain_peft(tmp_path / name, tiny, encoder, config) for name, config in CONFIGS.items()}
    adapters = [put(encoder, files, name) for name, (files, _) in made.items()]
    rows = encoder.tokenise(TEXTS)
    asked = [(row, method) for row in range(len(rows)) for method in range(len(adapters))]
    found = encoder.states([rows[row] for row, _ in asked], adapters=[adapters[method] for _, method in asked]).pooled
    expected = [states for _, states in made.values()]
    for place, (row, method) in enumerate(asked):
        assert (found[place] - expected[method][row]).abs().max() < 1e-5


def test_rows_are_what_plain_peft_computes_on_a_real_base(real_base: InstalledBase, tmp_path: Path) -> None:
    encoder = Encoder.load(real_base)
    config = peft.LoraConfig(r=8, lora_alpha=16, target_modules=["query", "value"], layers_to_transform=[4, 5])
    files, expected = plain_peft(tmp_path, real_base, encoder, config)
    rows = encoder.tokenise(TEXTS)
    found = encoder.states(rows, adapters=[put(encoder, files)] * len(rows)).pooled
    assert (found - expected).abs().max() < 1e-5


def test_what_we_write_plain_peft_loads(
    encoder: Encoder, tiny: InstalledBase, tmp_path: Path, lora_files: Maker
) -> None:
    parts = AdapterParts(
        card={"task": "t/t", "method": "lora", "base": tiny.name, "fingerprint": tiny.fingerprint},
        head=HeadFile(implementation="a:B", record="a:R", hidden_size=32, labels=("x", "y")),
        head_tensors={"w": np.zeros(2, np.float32)},
        calibration=Calibration(),
        lora=lora_files(5),
    )
    write_adapter(tmp_path / "adapter", parts)
    read = read_adapter(tmp_path / "adapter").lora
    assert read is not None
    ours = encoder.states(encoder.tokenise(TEXTS), adapters=[put(encoder, read)] * len(TEXTS)).pooled
    assert (ours - mean_states(loaded_by_peft(tiny, tmp_path / "adapter"), encoder)).abs().max() < 1e-5


def differing(encoder: Encoder, lora_files: Maker) -> list[PooledAdapter | None]:
    return [
        None,
        put(encoder, lora_files(1), "1"),
        put(encoder, lora_files(2, rank=7, targets=("query", "key")), "2"),
        put(encoder, lora_files(3, rank=1, layers=1), "3"),
        put(encoder, lora_files(4), "4"),
    ]


@pytest.mark.parametrize("runtime", ["fp32", "int8", "bf16"])
@given(rows=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1, max_size=12))
@settings(deadline=None, max_examples=15)
def test_a_mixed_batch_is_each_row_alone(
    encoders: dict[str, Encoder], lora_files: Maker, runtime: str, rows: list[tuple[int, int]]
) -> None:
    if runtime not in encoders:
        pytest.skip(f"this processor has no {runtime}")
    encoder = encoders[runtime]
    adapters = differing(encoder, lora_files)
    read = encoder.tokenise(TEXTS)
    found = encoder.states([read[text] for text, _ in rows], adapters=[adapters[adapter] for _, adapter in rows])
    for place, (text, adapter) in enumerate(rows):
        alone = encoder.states([read[text]], adapters=[adapters[adapter]])
        assert (alone.pooled[0] - found.pooled[place]).abs().max() < 1e-5
        plain = encoder.states([read[text]]).pooled[0]
        assert ((plain - found.pooled[place]).abs().max() < 1e-4) == (adapters[adapter] is None)
    for adapter in adapters:
        if adapter is not None:
            encoder.pool.release(adapter)


def test_an_adapter_leaves_nothing_behind(encoder: Encoder, lora_files: Maker) -> None:
    rows = encoder.tokenise(TEXTS)
    before = encoder.states(rows).pooled
    encoder.states(rows, adapters=[put(encoder, lora_files(1))] * len(rows))
    assert torch.equal(encoder.states(rows).pooled, before)
