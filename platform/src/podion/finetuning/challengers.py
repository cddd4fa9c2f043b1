"""Models of another kind, taught the same rows as the head and judged on the same: told of, never served."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from pydantic import BaseModel

from podion.answers import LabelAnswer, RankingAnswer
from podion.data.withholding import as_served, without_sensitive
from podion.errors import PluginError
from podion.finetuning.calibration import Floats
from podion.finetuning.judging import judge_logits
from podion.finetuning.lesson import Lesson, sides
from podion.finetuning.ranking_metrics import ranking_metrics
from podion.hosting.adapter_files import Calibration
from podion.learners import Challenger, RankingChallenger

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_MOST_TEXT = 16 << 20
_LONGEST_REASON = 300


@dataclass(frozen=True, kw_only=True)
class Challenged:
    """What became of challengers, by name: metrics (or an `error`) on validation and on test rows, and their texts."""

    validation: dict[str, dict[str, Any]] = field(default_factory=dict)
    test: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def challenge(lesson: Lesson, test: Sequence[BaseModel], *, again: bool) -> Challenged:
    """Return how the task's challengers do on the rows that the head is judged on, taught the same others.

    With `again`, all records taught the head that is tested, and so they teach its challengers. They see no sensitive
    field, and no label of what they are asked. One that fails is told with its error.
    """
    found = Challenged()
    train, validation = sides(lesson)
    teaching = without_sensitive(lesson.task, train.inside), without_sensitive(lesson.task, validation.inside)
    for place, path in enumerate(lesson.task.challengers):
        lesson.watch.at(place / len(lesson.task.challengers))
        name = path.rpartition(":")[2].lower()
        try:
            challenger = _resolved(path)(lesson.space, lesson.seed)
            name = _named(challenger, found)
            challenger.fit(*teaching)
            measured = [_measured(lesson, challenger, validation.inside)]
            if test and again:
                challenger.fit((*teaching[0], *teaching[1]), ())
            measured.append(_measured(lesson, challenger, test))
            text = _text(challenger)
        except Exception as error:  # a plugin's code, or its library's: the run goes on without it
            reason = {"error": f"{type(error).__name__}: {error}"[:_LONGEST_REASON]}
            found.validation[name], found.test[name] = dict(reason), dict(reason)
            continue
        found.validation[name], found.test[name] = measured
        if text:
            found.texts[name] = text
    return found


def _resolved(path: str) -> type[Challenger | RankingChallenger]:
    module, _, name = path.partition(":")
    found = getattr(import_module(module), name, None)
    if not isinstance(found, type):
        raise PluginError(f"{path!r} names no class: write `package.module:Class`", code="bad_challenger")
    return found


def _named(challenger: Challenger | RankingChallenger, found: Challenged) -> str:
    name = challenger.name
    if not (isinstance(name, str) and _NAME.fullmatch(name)) or name in found.validation:
        raise PluginError(
            f"a challenger's name is {name!r}; lower-case letters, digits, - and _, once each, are allowed"
        )
    return name


def _measured(
    lesson: Lesson, challenger: Challenger | RankingChallenger, records: Sequence[BaseModel]
) -> dict[str, Any]:
    if not records:
        return {}
    task, labels = lesson.task, lesson.space.labels
    if issubclass(task.answer_schema, RankingAnswer):
        return _rankings(lesson, challenger, records)
    if not issubclass(task.answer_schema, LabelAnswer) or not hasattr(challenger, "probabilities"):
        raise PluginError(
            f"task {task.name} answers with {task.answer_schema.__name__}; challengers give one label, by a method "
            "`probabilities`, or of a ranking task `rankings`"
        )
    shares = np.asarray(challenger.probabilities(as_served(task, records)), dtype=np.float64)
    _check(shares, len(records), len(labels))
    logits: Floats = np.log(np.maximum(shares, np.finfo(np.float64).tiny))
    return judge_logits(task, records, logits, labels, Calibration(keep=task.keep))


def _rankings(
    lesson: Lesson, challenger: Challenger | RankingChallenger, records: Sequence[BaseModel]
) -> dict[str, Any]:
    if not hasattr(challenger, "rankings"):
        raise PluginError(f"task {lesson.task.name} answers with rankings; its challengers need a method `rankings`")
    answers = list(challenger.rankings(as_served(lesson.task, records)))
    if len(answers) != len(records) or not all(isinstance(answer, RankingAnswer) for answer in answers):
        raise PluginError(f"{len(answers)} rankings of {len(records)} records, or something else than rankings")
    truth = [getattr(record, lesson.task.label) for record in records]
    expected = [None if value is None else str(value) for value in truth]
    return ranking_metrics(answers, expected, lesson.space.labels, lesson.task.primary_metric.name)


def _check(shares: Floats, rows: int, labels: int) -> None:
    if shares.shape != (rows, labels):
        raise PluginError(f"probabilities of shape {list(shares.shape)}; [{rows}, {labels}] is needed")
    if not (np.isfinite(shares).all() and (shares >= 0).all() and np.allclose(shares.sum(axis=1), 1.0, atol=1e-3)):
        raise PluginError("probabilities that are no shares of 1")


def _text(challenger: Challenger | RankingChallenger) -> str:
    text = challenger.text()
    size = len(text.encode())
    if size > _MOST_TEXT:
        raise PluginError(f"its text has {size:,} bytes; {_MOST_TEXT:,} are kept")
    return text
