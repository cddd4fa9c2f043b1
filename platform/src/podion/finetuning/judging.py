"""How good a head's answers are: the metrics of each kind of answer, on labelled records. No torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from pydantic import BaseModel

from podion.answers import Answer, LabelAnswer, LabelsAnswer, NumberAnswer, RankingAnswer, SpanAnswer
from podion.data.labels import is_out_of_scope, label_names
from podion.errors import DataError, PluginError
from podion.finetuning.binary_metrics import RANKED
from podion.finetuning.calibration import Floats, sigmoid, softmax
from podion.finetuning.metrics import Judged, label_metrics
from podion.finetuning.multi_label_metrics import JudgedLabels, multi_label_metrics
from podion.finetuning.number_metrics import number_metrics
from podion.finetuning.ranking_metrics import ranking_metrics
from podion.finetuning.resampling import bootstrap
from podion.finetuning.span_metrics import span_metrics
from podion.head_kinds import OrdinalHead
from podion.hosting.adapter_files import Calibration
from podion.hosting.label_sets import label_sets
from podion.hosting.trust import trust_of
from podion.vertical import Task

_OWN_RESAMPLES = 50
"""A plugin's own measure goes through the answers one by one, so fewer draws have to do."""

Measure = Callable[[Sequence[Any], Sequence[Any]], Mapping[str, float]]


@dataclass(frozen=True)
class Answers:
    """One answer a record, in order; `logits` [rows, labels] for heads that give one a label, else None.

    `nearness` [rows] is what the ready-made head with centroids says of each, else None. `link` is the head's, and
    `measure` what it measures of answers of a kind of its own.
    """

    answers: tuple[Answer, ...]
    logits: Floats | None
    nearness: Floats | None = None
    link: Literal["softmax", "sigmoid", "identity"] = "softmax"
    measure: Measure | None = None

    def probabilities(self, calibration: Calibration) -> Floats | None:
        """Return what a calibration makes of the logits, [rows, labels]; None where there are none."""
        if self.logits is None or self.link == "identity":
            return None
        if self.link == "softmax":
            return softmax(self.logits, calibration.temperature, calibration.bias)
        bias = 0.0 if calibration.bias is None else np.asarray(calibration.bias)
        return sigmoid(self.logits.astype(np.float64) / calibration.temperature + bias)


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
    primary, schema = task.primary_metric.name, task.answer_schema
    truth = [getattr(record, task.label) for record in records]
    if issubclass(schema, LabelAnswer):
        return label_metrics(_judged(task, records, found, labels, calibration), primary, brief=brief)
    if issubclass(schema, SpanAnswer):
        marked = [cast(SpanAnswer, answer) for answer in found.answers]
        sure = [answer.confidences for answer in marked]
        return span_metrics([answer.spans for answer in marked], truth, primary, confidences=sure, brief=brief)
    if issubclass(schema, LabelsAnswer):
        answered = [cast(LabelsAnswer, answer) for answer in found.answers]
        judged = JudgedLabels(
            labels=labels,
            expected=[None if value is None else label_names(value) for value in truth],
            predicted=[[one.label for one in answer.labels] for answer in answered],
            confidences=_confidences(answered),
            abstained=np.array([answer.abstained for answer in answered], dtype=bool),
            probabilities=found.probabilities(calibration),
        )
        metrics = multi_label_metrics(judged, primary, brief=brief)
        return metrics if found.measure is None else {**found.measure(answered, records), **metrics}
    if issubclass(schema, NumberAnswer):
        return number_metrics([cast(NumberAnswer, answer) for answer in found.answers], truth, primary, brief=brief)
    if issubclass(schema, RankingAnswer):
        rankings = [cast(RankingAnswer, answer) for answer in found.answers]
        metrics = ranking_metrics(rankings, _labels_of(truth), labels, primary, brief=brief)
        return metrics if brief or found.measure is None else {**metrics, **found.measure(rankings, records)}
    return _own_metrics(found, records, primary, brief)


def judge_logits(
    task: Task,
    records: Sequence[BaseModel],
    logits: Floats,
    labels: tuple[str, ...],
    calibration: Calibration,
    nearness: Floats | None = None,
) -> dict[str, Any]:
    """Return the metrics of logits [rows, labels], as a `LabelClassifier` answers them."""
    shares, level = softmax(logits, calibration.temperature, calibration.bias), calibration.level
    judged = Judged(
        **_truth(task, records),
        labels=labels,
        predicted=[labels[place] for place in shares.argmax(axis=1)],
        confidences=shares.max(axis=1, initial=0.0),
        probabilities=shares,
        threshold=calibration.threshold,
        trust=trust_of(calibration.score, logits, calibration.temperature, nearness, calibration.bias),
        possible=None if level is None else label_sets(shares, level, labels, ordered=False),
    )
    return label_metrics(judged, task.primary_metric.name)


def primary_value(task: Task, metrics: Mapping[str, Any]) -> float:
    """Return the task's primary metric such that higher is better.

    Raises `PluginError` when it is not measured of such answers, `DataError` (code `one_label`) when it cannot be of
    these, because all have one label.
    """
    metric = task.primary_metric
    value = metrics.get(metric.name)
    if isinstance(value, int | float):
        return float(value) if metric.better == "higher" else -float(value)
    if metric.name in RANKED and "recall" in metrics:
        raise DataError(
            f"task {task.name} is judged by {metric.name!r}, and the {metrics.get('rows', 0)} records to judge it on "
            "all have, or all lack, the label that is looked for: send more records of the rarer one",
            code="one_label",
        )
    measured = ", ".join(name for name, seen in metrics.items() if isinstance(seen, float))
    raise PluginError(
        f"task {task.name} is judged by {metric.name!r}, which is not measured of its answers; measured: "
        f"{measured or 'nothing'}",
        code="unknown_metric",
    )


def _judged(
    task: Task, records: Sequence[BaseModel], found: Answers, labels: tuple[str, ...], calibration: Calibration
) -> Judged:
    answers = [cast(LabelAnswer, answer) for answer in found.answers]
    trust = None
    if found.logits is not None and calibration.score != "probability":
        trust = trust_of(calibration.score, found.logits, calibration.temperature, found.nearness, calibration.bias)
    return Judged(
        **_truth(task, records),
        labels=labels,
        predicted=[answer.label for answer in answers],
        confidences=_confidences(answers),
        probabilities=found.probabilities(calibration) if found.link == "softmax" else None,
        threshold=calibration.threshold,
        trust=trust,
        possible=None if calibration.level is None else [answer.possible for answer in answers],
    )


def _truth(task: Task, records: Sequence[BaseModel]) -> dict[str, Any]:
    """What the records and the task say of what is right."""
    values = [getattr(record, task.label) for record in records]
    return {
        "expected": _labels_of(values),
        "outside": np.array([is_out_of_scope(task, record) for record in records], dtype=bool),
        "positive": task.positive,
        "ordered": task.head_declaration.implementation == OrdinalHead().implementation,
    }


def _labels_of(values: Sequence[Any]) -> list[str | None]:
    return [None if value is None else str(value) for value in values]


def _confidences(answers: Sequence[Answer]) -> Floats:
    return np.array([answer.confidence for answer in answers], dtype=np.float64)


def _own_metrics(found: Answers, records: Sequence[BaseModel], primary: str, brief: bool) -> dict[str, Any]:
    """What the head measures of answers that only it knows."""
    measure = found.measure or (lambda answers, records: {})
    metrics: dict[str, Any] = {"rows": len(records), **measure(found.answers, records)}
    if brief or not records or primary not in metrics:
        return metrics

    def again(chosen: Any) -> float:
        drawn = chosen.tolist()
        told = measure([found.answers[place] for place in drawn], [records[place] for place in drawn])
        return float(told.get(primary, 0.0))

    error = bootstrap(len(records), again, resamples=_OWN_RESAMPLES)
    return {**metrics, "standard_error": {primary: error}}
