"""AdaLoRA and IA3: runs that give ranks to matrices, and what is served of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import BertModel

from podion.errors import DataError
from podion.finetuning.adalora import RankAllocation
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.finetuning.progress import Progress
from podion.hosting.adapter_files import LoraFiles, read_adapter, write_adapter
from podion.hosting.encoder import Encoder
from podion.hosting.peft_files import read_deltas
from podion.vertical import Method, Task

pytestmark = [
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"),  # in peft
    pytest.mark.filterwarnings(
        "ignore:The following rank_pattern keys:RuntimeWarning"
    ),  # peft reads AdaLoRA's as LoRA's
]
Lines = Callable[..., list[Any]]
TEXTS = ["my card is lost", "please the refund money now", "rain"]


class Stopped(Exception):
    """The run was killed."""


@pytest.fixture
def task(intent: Task) -> Task:
    return replace(intent, methods=(Method.HEAD, Method.ADALORA, Method.IA3))


def run(encoder: Encoder, task: Task, method: Method, train: list[Any], **more: Any) -> FitResult:
    how = {name: more.pop(name) for name in ("progress", "checkpoints") if name in more}
    asked = FitRequest(task=task, task_name="v/intent", method=method, train=train, base=encoder.base, **more)
    return fit(asked, encoder, **how)


@pytest.mark.parametrize("method", [Method.ADALORA, Method.IA3])
def test_what_is_served_is_what_peft_computes(
    encoder: Encoder, task: Task, lines: Lines, tmp_path: Path, method: Method
) -> None:
    before = encoder.states(encoder.tokenise(TEXTS)).pooled
    result = run(encoder, task, method, lines(14, outside=4), test=lines(10, seed=9))
    assert result.metrics["test"]["accuracy"] > 0.85
    assert torch.equal(encoder.states(encoder.tokenise(TEXTS)).pooled, before)
    write_adapter(tmp_path / "adapter", result.parts)
    files = read_adapter(tmp_path / "adapter").lora
    assert files is not None
    adapter = encoder.pool.put(read_deltas(files), "made")
    served = encoder.states(encoder.tokenise(TEXTS), adapters=[adapter] * 3).pooled
    assert (served - before).abs().max() > 1e-4
    plain = BertModel.from_pretrained(encoder.base.path, add_pooling_layer=False).eval()
    model = PeftModel.from_pretrained(plain, tmp_path / "adapter")
    with torch.no_grad():
        means = [model(torch.tensor([row.ids])).last_hidden_state.mean(1) for row in encoder.tokenise(TEXTS)]
    assert (torch.cat(means) - served).abs().max() < 1e-5
    if method is Method.ADALORA:
        check_ranks(files)


def check_ranks(files: LoraFiles) -> None:
    """Ranks went to the matrices that use them, and the matrices have no others."""
    kept = {name: sum(ranks) for name, ranks in files.config["rank_pattern"].items()}
    assert len(kept) == 6 * 2
    assert sum(kept.values()) <= 8 * len(kept) < 12 * len(kept)
    assert len(set(kept.values())) > 1
    for name, array in files.tensors.items():
        module = name.removeprefix("base_model.model.").rpartition(".")[0]
        assert kept[f"{module}.lora_E"] == array.shape[1 if name.endswith("lora_B") else 0]


def test_a_run_that_gives_no_ranks_fails(
    encoder: Encoder, task: Task, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RankAllocation, "stepped", lambda allocation, step: None)  # what peft alone leaves to you
    with pytest.raises(DataError) as caught:
        run(encoder, task, Method.ADALORA, lines(3))
    assert caught.value.code == "nothing_allocated"


def test_a_killed_run_goes_on_to_the_same_bits(encoder: Encoder, task: Task, lines: Lines, tmp_path: Path) -> None:
    """Stopped while ranks are given; in some batches nothing is said."""
    stopped_after = 2

    def stop(progress: Progress) -> None:
        if progress.stage == "training" and progress.epoch == stopped_after:
            raise Stopped

    train = [line.model_copy(update={"text": ""}) if place > 12 else line for place, line in enumerate(lines(13))]
    whole = write_adapter(tmp_path / "whole", run(encoder, task, Method.ADALORA, train).parts)
    with pytest.raises(Stopped):
        run(encoder, task, Method.ADALORA, train, progress=stop, checkpoints=tmp_path / "run")
    epochs: list[int] = []
    result = run(
        encoder, task, Method.ADALORA, train, checkpoints=tmp_path / "run",
        progress=lambda progress: epochs.append(progress.epoch) if progress.epochs else None,
    )  # fmt: skip
    assert min(epochs) > stopped_after
    assert write_adapter(tmp_path / "resumed", result.parts) == whole


def test_without_a_text_there_is_nothing_to_adapt(encoder: Encoder, task: Task, lines: Lines) -> None:
    silent = [line.model_copy(update={"text": " "}) for line in lines(4)]
    with pytest.raises(DataError, match="takes head, auto"):
        run(encoder, task, Method.ADALORA, silent)
