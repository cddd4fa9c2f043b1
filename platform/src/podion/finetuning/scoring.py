"""What a head answers to batches of states, how it is calibrated, and how good the answers are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from pydantic import BaseModel

from podion.answers import Answer, LabelAnswer, SpanAnswer
from podion.data.labels import is_out_of_scope
from podion.errors import PluginError
from podion.finetuning.abstention import calibrate
from podion.finetuning.calibration import Floats, choose_threshold, coolest, softmax
from podion.finetuning.metrics import Judged, label_metrics, span_metrics
from podion.hosting.adapter_files import Calibration
from podion.hosting.adapter_pool import PooledAdapter
from podion.hosting.answering import scores_of
from podion.hosting.encoder import Encoder
from podion.hosting.head_loading import AnyHead, reads_features
from podion.hosting.heads import LabelClassifier
from podion.hosting.trust import trust_of
from podion.nn import States
from podion.vertical import Task

_CHUNK = 512


@dataclass(frozen=True)
class Batch:
    """The states of some records, and where those stand in their list."""

    places: tuple[int, ...]
    records: tuple[BaseModel, ...]
    states: States


@dataclass(frozen=True)
class Answers:
    """One answer a record, in order; `logits` [rows, labels] for heads that give one a label, else None.

    `nearness` [rows] is what the ready-made head with centroids says of each, else None.
    """

    answers: tuple[Answer, ...]
    logits: Floats | None
    nearness: Floats | None = None


def featured(head: AnyHead, states: States, records: Sequence[BaseModel]) -> States:
    """Return the states with what the head makes of more than the text."""
    if not reads_features(head):
        return states
    made = head.features(records)
    return replace(states, features={name: tensor.to(states.pooled.device) for name, tensor in made.items()})


def served_batches(
    encoder: Encoder,
    head: AnyHead,
    task: Task,
    records: Sequence[BaseModel],
    adapter: PooledAdapter | None,
    cut: int | None = None,
) -> Iterator[Batch]:
    """Yield the states of all records as serving computes them, similar lengths together."""
    rows = encoder.tokenise([str(getattr(record, task.text) or "") for record in records])
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    for first in range(0, len(order), _CHUNK):
        places = tuple(order[first : first + _CHUNK])
        chosen = tuple(records[place] for place in places)
        adapters = [adapter] * len(places) if adapter is not None else None
        own = [rows[place] for place in places]
        states = encoder.states(own, adapters=adapters, reads_tokens=head.reads_tokens, cut=cut)
        yield Batch(places, chosen, featured(head, states, chosen))


def answer_all(head: AnyHead, batches: Iterable[Batch], calibration: Calibration) -> Answers:
    """Return the head's answers to all batches, in the order of the records."""
    answers: dict[int, Answer] = {}
    logits: dict[int, Floats] = {}
    near: dict[int, float] = {}
    plain = True
    for batch in batches:
        with torch.no_grad():
            found = head(batch.states)
            nearness = head.nearness(batch.states) if isinstance(head, LabelClassifier) else None
        decoded = head.decode(scores_of(head, calibration, found, batch.states))
        if len(decoded) != len(batch.places):
            raise PluginError(
                f"head {type(head).__name__} decoded {len(decoded)} answers for {len(batch.places)} rows, not one each"
            )
        answers |= zip(batch.places, decoded, strict=True)
        plain = plain and found.ndim == 2 and found.shape[1] == len(head.label_space)
        if plain:
            logits |= zip(batch.places, found.float().cpu().numpy(), strict=True)
        if nearness is not None:
            near |= zip(batch.places, nearness.tolist(), strict=True)
    order = range(len(answers))
    stacked = np.stack([logits[place] for place in order]) if plain and logits else None
    return Answers(
        tuple(answers[place] for place in order), stacked, np.array([near[place] for place in order]) if near else None
    )


def calibrate_head(
    head: AnyHead, batches: Sequence[Batch], task: Task, records: Sequence[BaseModel]
) -> tuple[Calibration, dict[str, Any]]:
    """Return the calibration of a head on validation batches, and why it holds this score against its threshold.

    A head with one logit a label is calibrated by the likelihood of the labels, any other by its own loss. Only the
    ready-made head has a choice of scores: what another decodes is held against its confidence.
    """
    raw = answer_all(head, batches, Calibration(keep=task.keep))
    outside = np.array([is_out_of_scope(task, record) for record in records], dtype=bool)
    if not len(records):
        return Calibration(keep=task.keep), {}
    if raw.logits is not None and issubclass(task.answer_schema, LabelAnswer):
        targets = np.array(head.label_space.targets(records))
        refuses = task.out_of_scope is not None and isinstance(head, LabelClassifier)
        return calibrate(raw.logits, targets, outside, task.keep, refuses=refuses, nearness=raw.nearness)
    temperature = coolest(lambda temperature: mean_head_loss(head, batches, temperature))
    answers = answer_all(head, batches, Calibration(temperature=temperature)).answers
    confidences = np.array([answer.confidence for answer in answers])[~outside]
    return Calibration(temperature=temperature, threshold=choose_threshold(confidences, task.keep), keep=task.keep), {}


def mean_head_loss(head: AnyHead, batches: Sequence[Batch], temperature: float = 1.0) -> float:
    """Return the head's own loss, averaged over the rows of all batches."""
    total = rows = 0.0
    for batch in batches:
        with torch.no_grad():
            loss = head.loss(head(batch.states) / temperature, batch.records)
        total += float(loss) * len(batch.places)
        rows += len(batch.places)
    return total / rows if rows else 0.0


def judge(
    task: Task,
    records: Sequence[BaseModel],
    found: Answers,
    labels: tuple[str, ...],
    calibration: Calibration,
    *,
    brief: bool = False,
) -> dict[str, Any]:
    """Return the metrics of answers to labelled records; `brief` leaves out what takes simulation."""
    primary = task.primary_metric.name
    if issubclass(task.answer_schema, LabelAnswer):
        answers = [cast(LabelAnswer, answer) for answer in found.answers]
        confidences = np.array([answer.confidence for answer in answers], dtype=np.float64)
        shares = None if found.logits is None else softmax(found.logits, calibration.temperature)
        predicted = [answer.label for answer in answers]
        trust = None
        if found.logits is not None and calibration.score != "probability":
            trust = trust_of(calibration.score, found.logits, calibration.temperature, found.nearness)
        judged = _judged(task, records, predicted, confidences, shares, trust, labels, calibration)
        return label_metrics(judged, primary, brief=brief)
    if issubclass(task.answer_schema, SpanAnswer):
        spans = [cast(SpanAnswer, answer).spans for answer in found.answers]
        return span_metrics(spans, [getattr(record, task.label) for record in records], primary, brief=brief)
    return {"rows": len(records)}


def judge_logits(
    task: Task,
    records: Sequence[BaseModel],
    logits: Floats,
    labels: tuple[str, ...],
    calibration: Calibration,
    nearness: Floats | None = None,
) -> dict[str, Any]:
    """Return the metrics of logits [rows, labels], as a `LabelClassifier` answers them."""
    shares = softmax(logits, calibration.temperature)
    predicted = [labels[place] for place in shares.argmax(axis=1)]
    trust = trust_of(calibration.score, logits, calibration.temperature, nearness)
    judged = _judged(task, records, predicted, shares.max(axis=1, initial=0.0), shares, trust, labels, calibration)
    return label_metrics(judged, task.primary_metric.name)


def primary_value(task: Task, metrics: dict[str, Any]) -> float:
    """Return the task's primary metric such that higher is better; raises `PluginError` when it is not measured."""
    metric = task.primary_metric
    value = metrics.get(metric.name)
    if not isinstance(value, int | float):
        measured = ", ".join(name for name, seen in metrics.items() if isinstance(seen, float))
        raise PluginError(
            f"task {task.name} is judged by {metric.name!r}, which is not measured of its answers; measured: "
            f"{measured or 'nothing'}",
            code="unknown_metric",
        )
    return float(value) if metric.better == "higher" else -float(value)


def _judged(
    task: Task,
    records: Sequence[BaseModel],
    predicted: Sequence[str],
    confidences: Floats,
    probabilities: Floats | None,
    trust: Floats | None,
    labels: tuple[str, ...],
    calibration: Calibration,
) -> Judged:
    values = [getattr(record, task.label) for record in records]
    return Judged(
        labels=labels,
        expected=[None if value is None else str(value) for value in values],
        outside=np.array([is_out_of_scope(task, record) for record in records], dtype=bool),
        predicted=predicted,
        confidences=confidences,
        probabilities=probabilities,
        threshold=calibration.threshold,
        trust=trust,
    )
