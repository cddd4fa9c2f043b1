"""How an adapter measures on labelled records."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from podion.errors import DataError
from podion.finetuning.examples import gather
from podion.finetuning.histories import followed
from podion.finetuning.judging import judge
from podion.finetuning.scoring import answer_all, served_batches
from podion.hosting.adapter_files import AdapterParts
from podion.hosting.encoder import Encoder
from podion.hosting.head_loading import load_head
from podion.hosting.peft_files import read_deltas
from podion.vertical import Task


def evaluate_parts(parts: AdapterParts, encoder: Encoder, task: Task, records: Sequence[BaseModel]) -> dict[str, Any]:
    """Return the metrics of an adapter on the labelled and the out-of-scope ones of `records`, as serving answers them.

    Where the task has a history, it goes on from the state that the adapter holds. Raises `DataError` when no record is
    labelled, or when the adapter was made for another base.
    """
    return measure_parts(parts, encoder, task, followed(task, records, parts.history)[0])


def measure_parts(parts: AdapterParts, encoder: Encoder, task: Task, records: Sequence[BaseModel]) -> dict[str, Any]:
    """Return what `evaluate_parts` does, of records whose past is filled in."""
    fingerprint = parts.card.get("fingerprint")
    if fingerprint != encoder.base.fingerprint:
        raise DataError(
            f"the adapter was made for base {parts.card.get('base')} ({fingerprint}), not for {encoder.base.name} "
            f"({encoder.base.fingerprint})",
            code="other_base",
        )
    examples = gather(task, records)
    if not len(examples):
        raise DataError(
            f"task {task.name}: no record to measure on has a value in its field {task.label!r}", code="no_rows"
        )
    chosen = [*examples.inside, *examples.outside]
    head = load_head(parts.head, parts.head_tensors, encoder.device)
    adapter = encoder.pool.put(read_deltas(parts.lora), "measured") if parts.lora is not None else None
    try:
        encoder.check_cut(parts.head.cut)
        batches = served_batches(encoder, head, task, chosen, adapter, parts.head.cut)
        found = answer_all(head, batches, parts.calibration)
    finally:
        if adapter is not None:
            encoder.pool.release(adapter)
    return judge(task, chosen, found, parts.head.labels, parts.calibration)
