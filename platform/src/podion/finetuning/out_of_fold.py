"""Heads whose training needs no judge: every record teaches the one kept, and heads without some calibrate it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from pydantic import BaseModel

from podion.answers import LabelAnswer
from podion.finetuning.abstention import Promise, calibrate
from podion.finetuning.examples import Examples, folds_of, goes_by_time
from podion.finetuning.head_calibration import calibrate_head
from podion.finetuning.judging import Answers, judge, primary_value
from podion.finetuning.lesson import Lesson, sides
from podion.finetuning.scoring import Batch, answer_all
from podion.hosting.adapter_files import Calibration
from podion.hosting.head_loading import AnyHead

FEW = 2_000
"""Records below which a tenth of them says too little: each of them is judged then."""


@dataclass(frozen=True)
class Learned:
    """A trained head, the records that were kept from it, and their states."""

    head: AnyHead
    records: Sequence[BaseModel]
    batches: Sequence[Batch]

    def answers(self, calibration: Calibration) -> Answers:
        """Return what the head says of the records."""
        return answer_all(self.head, self.batches, calibration)


Part = tuple[Examples, Examples]
"""What teaches, and what is kept apart."""

Learn = Callable[[int, int, Part], Learned]
"""Trains a head of a form, by number, on a part, by number and records."""


@dataclass(frozen=True)
class Choice:
    """Which form of a head answers records kept apart best, by number, how it is calibrated and how good it is."""

    form: int
    calibration: Calibration
    metrics: dict[str, Any]


def learns_to_the_end(lesson: Lesson, head: AnyHead) -> bool:
    """Return whether every record can teach a head.

    So it is where no epoch is chosen by records kept apart, none were given, and it is not the latest that matter.
    """
    numbers = head.training_numbers
    unjudged = numbers is not None and not numbers.keeps_best and numbers.patience >= numbers.epochs
    given = lesson.validation is not None and len(lesson.validation.inside) > 0
    alike = not lesson.train.outside and not goes_by_time(lesson.task, lesson.train.inside)
    labels = head.link == "softmax" and issubclass(lesson.task.answer_schema, LabelAnswer) and not head.reads_tokens
    return unjudged and labels and alike and not given


def chosen(lesson: Lesson, forms: int, learn: Learn, *, once: bool = False) -> Choice:
    """Return which of so many forms of a head answers records best that were kept from it.

    Of fewer than 2,000 records each is kept from one of several heads, unless that is to happen once; else those that
    `sides` keeps apart are.
    """
    task, parts = lesson.task, list(_parts(lesson, once))
    tried = [[learn(form, place, part) for place, part in enumerate(parts)] for form in range(forms)]
    records = [record for one in tried[0] for record in one.records]
    if not records:
        return Choice(0, Calibration(keep=task.keep), {})
    form = max(range(forms), key=lambda form: _value(lesson, tried[form], records)) if forms > 1 else 0
    calibration, why = _calibrated(lesson, tried[form], records)
    found = _joined([one.answers(calibration) for one in tried[form]])
    metrics = judge(task, records, found, lesson.space.labels, calibration)
    return Choice(form, calibration, {**metrics, "abstention": why} if why else metrics)


def _parts(lesson: Lesson, once: bool) -> Iterator[Part]:
    records = lesson.train.inside
    if once or len(records) >= FEW:
        yield sides(lesson)
        return
    folds = folds_of(lesson.task, records, lesson.recipe.folds, lesson.seed)
    for fold in sorted({*folds[folds >= 0].tolist()}):
        kept, taken = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        yield Examples(tuple(records[place] for place in kept)), Examples(tuple(records[place] for place in taken))


def _value(lesson: Lesson, learned: Sequence[Learned], records: Sequence[BaseModel]) -> float:
    plain = Calibration()
    found = _joined([one.answers(plain) for one in learned])
    return primary_value(lesson.task, judge(lesson.task, records, found, lesson.space.labels, plain, brief=True))


def _calibrated(
    lesson: Lesson, learned: Sequence[Learned], records: Sequence[BaseModel]
) -> tuple[Calibration, dict[str, Any]]:
    task, first = lesson.task, learned[0]
    if len(learned) == 1:
        return calibrate_head(first.head, first.batches, task, first.records)
    logits = _joined([one.answers(Calibration(keep=task.keep)) for one in learned]).logits
    if logits is None:  # not one logit a label; a part has to do
        return calibrate_head(first.head, first.batches, task, first.records)
    targets = np.array(lesson.space.targets(records))
    inside = np.zeros(len(targets), dtype=bool)
    promised = Promise.of(task, ordered=first.head.ordered)
    return calibrate(logits, targets, inside, task.keep, refuses=False, promised=promised)


def _joined(found: Sequence[Answers]) -> Answers:
    logits = [one.logits for one in found if one.logits is not None]
    return Answers(
        answers=tuple(chain.from_iterable(one.answers for one in found)),
        logits=np.concatenate(logits) if len(logits) == len(found) else None,
        link=found[0].link,
        measure=found[0].measure,
    )
