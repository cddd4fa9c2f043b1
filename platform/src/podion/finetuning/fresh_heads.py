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
from podion.hosting.head_loading import AnyHead, first_options, new_head, reads_features
from podion.vertical import Task


def fresh_head(lesson: Lesson, records: Sequence[BaseModel], form: Mapping[str, Any]) -> AnyHead:
    """Return a lesson's head in one of its forms, fitted to its training records and not trained, by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(lesson.seed)
        words = {"words": 0, "text": lesson.task.text} if lesson.reads_words else {}
        file = head_file(lesson.task, lesson.space, lesson.encoder.hidden_size, words)
        head = new_head(replace(file, options={**words, **first_options(file, lesson.encoder.cut), **form}))
        head.fit_features(list(records))
    return head.to(lesson.encoder.device).eval()


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
