"""The method of the head for labels in an order, where records are few: all teach, heads without some calibrate it."""

from collections.abc import Sequence

import torch
from pydantic import BaseModel

from podion.finetuning.examples import goes_by_time, texts_of
from podion.finetuning.fresh_heads import fresh_head
from podion.finetuning.frozen_vectors import frozen_vectors
from podion.finetuning.full_batch import PLAIN_PENALTY, Side, fit_by, fit_whole
from podion.finetuning.lesson import Lesson, Made
from podion.finetuning.out_of_fold import FEW, Learned, Part, chosen
from podion.finetuning.scoring import Batch
from podion.head_kinds import OrdinalHead
from podion.hosting.head_loading import AnyHead, head_options, head_tensors


def is_cross_fitted(lesson: Lesson) -> bool:
    """Return whether a lesson's head is for `ordinal_head_method`: too few records to keep some apart."""
    given = lesson.validation is not None and len(lesson.validation.inside) > 0
    records = lesson.train.inside
    few = len(records) < FEW and not goes_by_time(lesson.task, records)
    return isinstance(lesson.task.head_declaration, OrdinalHead) and few and not given


def ordinal_head_method(lesson: Lesson) -> Made:
    """Fit the head to frozen states of all records; each is judged by one of several heads that did not see it.

    The first of those, on the records that it did not see, chooses the penalty of all.
    """
    look, records = lesson.watch.look, lesson.train.inside
    lesson.watch.stage("reading", 0.0, 0.5)
    vectors = frozen_vectors(lesson, texts_of(lesson.task, records), joined=True)
    places = {id(record): place for place, record in enumerate(records)}
    penalty = PLAIN_PENALTY
    lesson.watch.stage("fitting the head", 0.5, 0.95)

    def side(taken: Sequence[BaseModel]) -> Side:
        where = torch.tensor([places[id(record)] for record in taken], dtype=torch.long, device=vectors.device)
        return Side(vectors[where], tuple(taken))

    def fitted(taught: Side) -> AnyHead:
        head = fresh_head(lesson, taught.records, {})
        fit_by(head, taught, penalty, look)
        return head

    def learn(form: int, place: int, part: Part) -> Learned:
        nonlocal penalty
        taught, kept = side(part[0].inside), side(part[1].inside)
        if place == 0:
            penalty = fit_whole(fresh_head(lesson, taught.records, {}), taught, kept, look=look)
        batch = Batch(tuple(range(len(kept.records))), kept.records, kept.states())
        return Learned(fitted(taught), kept.records, [batch])

    choice = chosen(lesson, 1, learn)
    head = fitted(side(records))
    return Made(
        head_tensors=head_tensors(head),
        calibration=choice.calibration,
        validation=choice.metrics,
        trainable_parameters=sum(parameter.numel() for parameter in head.parameters()),
        trained_on=len(records),
        validated_on=0,
        options=head_options(head),
    )
