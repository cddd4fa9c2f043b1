"""Heads before they are trained: built for a lesson, fitted to what its records hold beside the text."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor

from podion.data.withholding import as_served
from podion.errors import PluginError
from podion.finetuning.lesson import Lesson
from podion.finetuning.prototypes import head_file
from podion.head_kinds import AdditiveHead, LabelHead, PairHead, SpanHead
from podion.hosting.head_loading import AnyHead, first_options, new_head, reads_features
from podion.vertical import Task


def fresh_head(lesson: Lesson, records: Sequence[BaseModel], form: Mapping[str, Any]) -> AnyHead:
    """Return a lesson's head in one of its forms, fitted to its training records and not trained, by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(lesson.seed)
        told = declared(lesson.task)
        file = head_file(lesson.task, lesson.space, lesson.encoder.hidden_size, told)
        head = new_head(replace(file, options={**told, **first_options(file, lesson.cut), **form}))
        if lesson.items is not None:
            head.fit_items(lesson.items.items, torch.from_numpy(lesson.items.vectors))
        head.fit_features(list(records))
    return head.to(lesson.encoder.device).eval()


def declared(task: Task) -> dict[str, Any]:
    """Return the keywords that a task's declaration has for a head that learned nothing yet."""
    head = task.head_declaration
    if isinstance(head, LabelHead) and head.words:
        return {"words": 0, "text": task.text}
    if isinstance(head, SpanHead) and head.words:
        return {"text": task.text}
    if isinstance(head, PairHead):
        return {"first": head.first, "second": head.second, **({"words": 0} if head.words else {})}
    if isinstance(head, AdditiveHead):
        return {"positive": task.positive, "monotone": dict(head.monotone)}
    return {}


def features_of(head: AnyHead, task: Task, records: Sequence[BaseModel], taught: int) -> dict[str, Tensor]:
    """Return what a head makes of all records, [rows, …] each, seen as in service; made once, without gradients.

    Raises `PluginError` where it is not one row a record.
    """
    if not reads_features(head):
        return {}
    with torch.no_grad():
        made = head.training_features(list(as_served(task, records)), taught)
    wrong = [name for name, tensor in made.items() if len(tensor) != len(records)]
    if wrong:
        raise PluginError(
            f"head {type(head).__name__}: features made {wrong[0]!r} with {len(made[wrong[0]])} rows of "
            f"{len(records)} records; one row each is needed"
        )
    device = next((parameter.device for parameter in head.parameters()), torch.device("cpu"))
    return {name: tensor.to(device) for name, tensor in made.items()}
