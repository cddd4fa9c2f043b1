from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import BertModel

from podion.errors import DataError
from podion.finetuning.lora_layers import lora_in
from podion.finetuning.recipe import Recipe, recipe_for
from podion.hosting.adapter_files import AdapterParts, Calibration, HeadFile, read_adapter, write_adapter
from podion.hosting.encoder import Encoder
from podion.hosting.peft_files import read_deltas
from podion.vertical import Method

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")  # in peft
RECIPE = recipe_for(Method.LORA, 100)
TEXTS = ["my card is lost", "please the refund money now", "rain"]


def trained(encoder: Encoder, recipe: Recipe = RECIPE) -> tuple[AdapterParts, torch.Tensor]:
    """An adapter with random matrices, and what the base gives under it while it is in."""
    with lora_in(encoder, recipe, 2, seed=0) as lora:
        torch.manual_seed(7)
        with torch.no_grad():
            for parameter in lora.parameters.values():
                parameter.add_(torch.randn_like(parameter) * 0.1)
        rows = encoder.pack(encoder.tokenise(TEXTS))
        with torch.no_grad():
            pooled = rows.mean(encoder.upper(encoder.lower(rows, 0), rows, 0))
        parts = AdapterParts(
            card={"task": "t", "method": "lora", "base": "tiny", "fingerprint": encoder.base.fingerprint},
            head=HeadFile(implementation="a:B", record="a:C", hidden_size=32, labels=("x", "y")),
            head_tensors={},
            calibration=Calibration(),
            lora=lora.files(),
        )
    return parts, pooled


def test_only_the_layers_above_the_cut_are_adapted(encoder: Encoder) -> None:
    with lora_in(encoder, RECIPE, 2, seed=0) as lora:
        layers = {name.split(".")[2] for name in lora.parameters}
    assert layers == {"2", "3"}


def test_the_base_is_as_before_when_the_block_ends(encoder: Encoder) -> None:
    before = encoder.states(encoder.tokenise(TEXTS)).pooled
    names = [name for name, _ in encoder.model.named_parameters()]
    parts, adapted = trained(encoder)
    assert not torch.allclose(before, adapted, atol=1e-3)
    assert torch.equal(encoder.states(encoder.tokenise(TEXTS)).pooled, before)
    assert [name for name, _ in encoder.model.named_parameters()] == names
    assert parts.lora is not None
    adapter = encoder.pool.put(read_deltas(parts.lora), "made")
    served = encoder.states(encoder.tokenise(TEXTS), adapters=[adapter] * 3).pooled
    assert (served - adapted).abs().max() < 1e-5


def test_plain_peft_gives_the_same_states(encoder: Encoder, tmp_path: Path) -> None:
    parts, adapted = trained(encoder)
    write_adapter(tmp_path / "adapter", parts)
    plain = BertModel.from_pretrained(encoder.base.path, add_pooling_layer=False).eval()
    model = PeftModel.from_pretrained(plain, tmp_path / "adapter")
    with torch.no_grad():
        means = [model(torch.tensor([row.ids])).last_hidden_state.mean(1) for row in encoder.tokenise(TEXTS)]
    assert (torch.cat(means) - adapted).abs().max() < 1e-5


def test_names_are_those_that_peft_saves(encoder: Encoder, tmp_path: Path) -> None:
    parts, _ = trained(encoder)
    write_adapter(tmp_path / "adapter", parts)
    plain = BertModel.from_pretrained(encoder.base.path, add_pooling_layer=False)
    PeftModel.from_pretrained(plain, tmp_path / "adapter").save_pretrained(
        tmp_path / "again", save_embedding_layers=False
    )
    assert parts.lora is not None
    from safetensors.numpy import load_file

    assert set(load_file(tmp_path / "again" / "adapter_model.safetensors")) == set(parts.lora.tensors)


def test_the_same_adapter_is_the_same_bytes(encoder: Encoder, tmp_path: Path) -> None:
    digests = {write_adapter(tmp_path / str(number), trained(encoder)[0]) for number in range(2)}
    assert len(digests) == 1
    config = read_adapter(tmp_path / "0").lora
    assert config is not None
    assert config.config["base_model_name_or_path"] == "tiny"
    assert config.config["layers_to_transform"] == [2, 3]


def test_the_base_is_restored_when_training_fails(encoder: Encoder) -> None:
    before = encoder.states(encoder.tokenise(TEXTS)).pooled
    with pytest.raises(ZeroDivisionError), lora_in(encoder, RECIPE, 2, seed=0):
        raise ZeroDivisionError
    assert torch.equal(encoder.states(encoder.tokenise(TEXTS)).pooled, before)


def test_a_base_without_layers_above_the_cut_is_refused(encoder: Encoder) -> None:
    with pytest.raises(DataError, match="method head"), lora_in(encoder, RECIPE, 4, seed=0):
        raise AssertionError("not reached")
