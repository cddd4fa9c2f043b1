"""How a head is calibrated on validation rows, whatever it answers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel

from podion.answers import Answer, LabelAnswer, LabelsAnswer, NumberAnswer, RankingAnswer, SpanAnswer
from podion.data.labels import is_out_of_scope, label_names
from podion.finetuning.abstention import Promise, calibrate
from podion.finetuning.calibration import Floats, choose_threshold, coolest, fit_odds, fit_shares, sigmoid
from podion.finetuning.conformal import conformal_margin
from podion.finetuning.label_thresholds import choose_thresholds
from podion.finetuning.scoring import Batch, answer_all
from podion.hosting.adapter_files import Calibration
from podion.hosting.head_loading import AnyHead
from podion.hosting.heads import LabelClassifier
from podion.hosting.span_odds import log_odds
from podion.vertical import Task


def calibrate_head(
    head: AnyHead, batches: Sequence[Batch], task: Task, records: Sequence[BaseModel]
) -> tuple[Calibration, dict[str, Any]]:
    """Return the calibration of a head on validation batches, and why it holds this score against its threshold.

    A head with one logit a label is calibrated by the likelihood of the labels, any other by its own loss; numbers
    get a margin, marked stretches the odds that they are right. Only the ready-made head has a choice of scores: what
    another decodes is held against its confidence.
    """
    if not len(records) or (head.link == "identity" and task.keep >= 1 and _says_how_sure(task)):
        return Calibration(keep=task.keep), {}
    raw = answer_all(head, batches, Calibration(keep=task.keep))
    outside = np.array([is_out_of_scope(task, record) for record in records], dtype=bool)
    schema = task.answer_schema
    if raw.logits is not None and head.link == "softmax" and issubclass(schema, LabelAnswer):
        targets = np.array(head.label_space.targets(records))
        refuses = task.out_of_scope is not None and isinstance(head, LabelClassifier)
        return calibrate(
            raw.logits,
            targets,
            outside,
            task.keep,
            refuses=refuses,
            nearness=raw.nearness,
            promised=Promise.of(task, ordered=head.ordered),
        )
    if raw.logits is not None and head.link == "sigmoid" and issubclass(schema, LabelsAnswer):
        calibration = _several(task, records, raw.logits, head.label_space.labels)
    elif head.link == "identity":
        calibration = Calibration(keep=task.keep)
    else:
        temperature = coolest(lambda temperature: mean_head_loss(head, batches, temperature))
        calibration = Calibration(temperature=temperature, keep=task.keep)
    if issubclass(schema, NumberAnswer):
        errors = _errors(task, records, answer_all(head, batches, calibration).answers)
        calibration = replace(calibration, margin=conformal_margin(errors))
    if issubclass(schema, SpanAnswer):
        calibration = replace(
            calibration, span_odds=_odds(task, records, answer_all(head, batches, calibration).answers)
        )
    answers = answer_all(head, batches, calibration).answers
    confidences = np.array([answer.confidence for answer in answers])[~outside]
    return replace(calibration, threshold=choose_threshold(confidences, task.keep)), {}


def _says_how_sure(task: Task) -> bool:
    """Whether answers are rankings, which go over everything there is, and whose head settled how sure it is."""
    return issubclass(task.answer_schema, RankingAnswer)


def mean_head_loss(head: AnyHead, batches: Sequence[Batch], temperature: float = 1.0) -> float:
    """Return the head's own loss, averaged over the rows of all batches."""
    total = rows = 0.0
    for batch in batches:
        with torch.no_grad():
            loss = head.loss(head(batch.states) / temperature, batch.records)
        total += float(loss) * len(batch.places)
        rows += len(batch.places)
    return total / rows if rows else 0.0


def _several(task: Task, records: Sequence[BaseModel], logits: Floats, labels: tuple[str, ...]) -> Calibration:
    """One temperature for all labels, by likelihood, and then a threshold a label."""
    told = [getattr(record, task.label) for record in records]
    rows = [place for place, value in enumerate(told) if value is not None]
    if not rows:
        return Calibration(keep=task.keep)
    held = [set(label_names(told[place])) for place in rows]
    truth = np.array([[label in row for label in labels] for row in held], dtype=bool)
    temperature = fit_shares(logits[rows], truth.astype(np.float64))
    shares = sigmoid(logits[rows].astype(np.float64) / temperature)
    return Calibration(temperature=temperature, keep=task.keep, thresholds=choose_thresholds(shares, truth))


def _odds(task: Task, records: Sequence[BaseModel], answers: Sequence[Answer]) -> tuple[float, float] | None:
    """What scales and shifts the log-odds of marked stretches to the share of them that is right."""
    odds, right = list[float](), list[bool]()
    for answer, record in zip(answers, records, strict=True):
        truth = getattr(record, task.label)
        if truth is not None and isinstance(answer, SpanAnswer):
            odds += map(log_odds, answer.confidences)
            right += [span in truth for span in answer.spans]
    return fit_odds(np.array(odds), np.array(right, dtype=bool))


def _errors(task: Task, records: Sequence[BaseModel], answers: Sequence[Answer]) -> Floats:
    """By how much the answered numbers miss, of the records that have one."""
    pairs = [(answer, getattr(record, task.label)) for answer, record in zip(answers, records, strict=True)]
    missed = [abs(answer.value - truth) for answer, truth in pairs if truth is not None and hasattr(answer, "value")]
    return np.array(missed, dtype=np.float64)
