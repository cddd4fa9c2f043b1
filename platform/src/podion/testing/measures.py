"""A check of the metric that decides: that a run measures it of such answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from podion.answers import LabelsAnswer, NumberAnswer, RankedItem, RankingAnswer, Span, SpanAnswer
from podion.catalogue.task_checks import measures_itself
from podion.head_kinds import OrdinalHead
from podion.testing.specimens import label_spaces
from podion.vertical import Task


def check_metric(task: Task, given: Sequence[Mapping[str, Any]] = ()) -> None:
    """Raise `AssertionError` unless the primary metric is one that a run measures of such answers.

    What is of two labels only, such as `roc_auc`, counts where the task declares two. A head whose answers nobody else
    can measure is asked to measure some of its own.
    """
    measured = _measured_by_itself(task, given) if measures_itself(task) else _measured(task)
    known = sorted(name for name, value in measured.items() if isinstance(value, float))
    name = task.primary_metric.name
    assert name in known, f"a run does not measure {name!r} of the task {task.name!r}; it measures {', '.join(known)}"


def _measured(task: Task) -> dict[str, Any]:
    from podion.finetuning.metrics import Judged, label_metrics
    from podion.finetuning.multi_label_metrics import JudgedLabels, multi_label_metrics
    from podion.finetuning.number_metrics import number_metrics
    from podion.finetuning.ranking_metrics import ranking_metrics
    from podion.finetuning.span_metrics import span_metrics

    schema = task.answer_schema
    sure = np.ones(3)
    if issubclass(schema, SpanAnswer):
        spans = [[Span(start=0, end=1, label="a")]]
        return span_metrics(spans, spans, brief=True)
    if issubclass(schema, RankingAnswer):
        ranking = RankingAnswer(confidence=0.9, items=(RankedItem(item_id="a", score=1.0),))
        return ranking_metrics([ranking], ["a"], ("a", "b"), brief=True)
    if issubclass(schema, NumberAnswer):
        answer = NumberAnswer(confidence=0.9, value=1.0, low=0.0, high=2.0)
        return number_metrics([answer], [1.0], brief=True)
    if issubclass(schema, LabelsAnswer):
        told = [("a",), (), ("a", "b")]
        several = JudgedLabels(
            labels=("a", "b"),
            expected=told,
            predicted=told,
            confidences=sure,
            abstained=sure < 0,
            probabilities=np.ones((3, 2)) / 2,
        )
        return multi_label_metrics(several, brief=True)
    labels = task.labels or ("a", "b", "c")
    names = [labels[place % len(labels)] for place in range(3)]
    judged = Judged(
        labels=labels,
        expected=names,
        predicted=names,
        outside=sure < 0,
        confidences=sure,
        probabilities=np.eye(len(labels))[[place % len(labels) for place in range(3)]],
        threshold=0.5,
        ordered=isinstance(task.head, OrdinalHead),
    )
    outside = {"oos_auroc": 1.0, "oos_recall": 1.0} if task.out_of_scope else {}
    return label_metrics(judged, brief=True) | outside


def _measured_by_itself(task: Task, given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    from podion.testing.heads import answers_of, bench_of

    bench = bench_of(task, label_spaces(task, given)[0], given)
    bench.head.eval()
    return dict(bench.head.measure(answers_of(bench), bench.records))
