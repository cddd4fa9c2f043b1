"""Clinical risk out of measurements: probability and exact contributions, with others' tools on the same rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from podion.answers import ContributionsAnswer
from podion.data.reading import LOCAL, read_rows
from podion.data.records import validate_values
from podion.data.rows import Row
from podion.errors import DataError
from podion.finetuning.fit import FitRequest, fit
from podion.finetuning.metrics import Judged, label_metrics
from podion.finetuning.ranking import auroc
from podion.finetuning.scoring import answer_all, served_batches
from podion.hosting.head_loading import load_head
from podion.vertical import Method, Task
from podion_finance_risk.challenger import GradientBoosting
from quality_bench.tables import others

SHOWN = ("roc_auc", "roc_auc_spread", "accuracy", "brier", "ece", "ece_noise_95", "coverage", "set_size")
ECE_ROOM = 0.01
COVERAGE_ROOM = 0.02
EXACT = 1e-4
POSITIVE = "1"


@dataclass(frozen=True, kw_only=True)
class RiskCase:
    """One data set, by repeated stratified folds; `target` is the least area under the curve."""

    name: str
    file: str
    target: float
    folds: int = 5
    repeats: int = 5
    quick: bool = False
    missing: Mapping[str, float] = field(default_factory=dict)

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures of the head and of others' tools: areas are means over folds, the rest over repeats."""
        _, task = bench.catalogue.task("medical/risk")
        records = self._records(bench, task)
        told: list[dict[str, Any]] = []
        curves: dict[str, list[float]] = {}
        worst = 0.0
        for repeat in range(1 if quick else self.repeats):
            expected: list[str] = []
            answers: list[ContributionsAnswer] = []
            for train, test in list(self._parts(records, task, repeat))[: 1 if quick else None]:
                found = _answers(bench, task, train, test, repeat)
                truth = [str(getattr(record, task.label)) for record in test]
                probabilities = [_probability(answer) for answer in found]
                curves.setdefault("additive head", []).append(_area(truth, probabilities))
                for name, area in _peers(task, train, test, truth, repeat).items():
                    curves.setdefault(name, []).append(area)
                worst = max([worst, *(_residual(answer) for answer in found)])
                expected += truth
                answers += found
            told.append(_metrics(expected, answers))
        ours = {name: mean(each[name] for each in told) for name in told[0] if isinstance(told[0][name], float)}
        ours |= {"residual": worst, "promised": float(task.coverage or 0.0)}
        figures = {
            name: {"roc_auc": mean(areas), "roc_auc_spread": stdev(areas) if len(areas) > 1 else 0.0}
            for name, areas in curves.items()
        }
        figures["additive head"] = {**ours, **figures["additive head"]}
        return {"rows": len(records), "heads": figures, "missed": [] if quick else list(self._missed(figures))}

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield f"  {'':<24}{''.join(f'{name[:8]:>9}' for name in SHOWN)}  target"
        for name, figures in found["heads"].items():
            cells = "".join(f"{figures[each]:>9.4f}" if each in figures else f"{'':>9}" for each in SHOWN)
            words = f"roc_auc ≥ {self.target}, residual {figures['residual']:.1e}" if "residual" in figures else ""
            yield f"  {name:<24}{cells}  {words}"
        yield from (f"  MISSED {missed}" for missed in found["missed"])

    def _missed(self, figures: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
        ours = figures["additive head"]
        if ours["roc_auc"] < self.target:
            yield f"roc_auc {ours['roc_auc']:.4f} < {self.target}"
        if ours["ece"] > ours["ece_noise_95"] + ECE_ROOM:
            yield f"ece {ours['ece']:.4f} > {ours['ece_noise_95']:.4f} + {ECE_ROOM}"
        if ours["residual"] > EXACT:
            yield f"contributions miss the logit by {ours['residual']:.1e}, more than {EXACT}"
        if ours["coverage"] < ours["promised"] - COVERAGE_ROOM:
            yield f"coverage {ours['coverage']:.4f} < {ours['promised']} - {COVERAGE_ROOM}"

    def _parts(
        self, records: Sequence[BaseModel], task: Task, repeat: int
    ) -> Iterator[tuple[list[BaseModel], list[BaseModel]]]:
        labels = [str(getattr(record, task.label)) for record in records]
        fold = np.empty(len(records), dtype=np.int64)
        generator = np.random.default_rng(repeat)
        for label in sorted(set(labels)):
            rows = generator.permutation([place for place, each in enumerate(labels) if each == label])
            fold[rows] = np.arange(len(rows)) % self.folds
        for number in range(self.folds):
            yield (
                [record for record, own in zip(records, fold, strict=True) if own != number],
                [record for record, own in zip(records, fold, strict=True) if own == number],
            )

    def _records(self, bench: Any, task: Task) -> list[BaseModel]:
        with (bench.data / self.file).open("rb") as source:
            rows = [row for row in read_rows(source, limits=LOCAL) if isinstance(row, Row)]
        found = []
        for row in rows:
            values = {name: self._known(name, value) for name, value in row.values.items()}
            record = validate_values(task, values, row.line)
            if not isinstance(record, BaseModel):
                raise DataError(f"{self.file}: {record[0].reason}")
            found.append(record)
        return found

    def _known(self, name: str, value: Any) -> Any:
        """A value, or None for the number that stands for a missing one."""
        wanted = self.missing.get(name)
        return None if wanted is not None and str(value).strip() and float(value) == wanted else value


def cases() -> list[RiskCase]:
    """Return the sets of measurements: of a tumour, and of women of whom some have diabetes.

    The latter writes what was not measured as 0, which its documentation says; a client would leave it out.
    """
    unmeasured = ("glucose", "blood_pressure", "skin_thickness", "insulin", "bmi")
    return [
        RiskCase(name="breast_cancer", file="medical/breast_cancer.csv", target=0.985, quick=True),
        RiskCase(
            name="pima_diabetes",
            file="medical/pima_diabetes.csv",
            target=0.82,
            missing=dict.fromkeys(unmeasured, 0.0),
        ),
    ]


def _answers(
    bench: Any, task: Task, train: Sequence[BaseModel], test: Sequence[BaseModel], seed: int
) -> list[ContributionsAnswer]:
    encoder = bench.encoder("minilm-l6")
    request = FitRequest(
        task=task,
        task_name=f"medical/{task.name}",
        method=Method.HEAD,
        train=train,
        base=encoder.base,
        seed=seed,
        challengers=False,
    )
    parts = fit(request, encoder, progress=bench.say).parts
    head = load_head(parts.head, parts.head_tensors, encoder.device)
    found = answer_all(head, served_batches(encoder, head, task, test, None), parts.calibration).answers
    return [answer for answer in found if isinstance(answer, ContributionsAnswer)]


def _peers(
    task: Task, train: Sequence[BaseModel], test: Sequence[BaseModel], truth: Sequence[str], seed: int
) -> dict[str, float]:
    """The areas under the curve of LightGBM and of scikit-learn's models."""
    boosting = GradientBoosting(task.label_space(()), seed)
    boosting.fit(train, ())
    areas = {"lightgbm": _area(truth, boosting.probabilities(test)[:, 1].tolist())}
    measured = others(train, test, task.label, seed)
    return areas | {name: each["roc_auc"] for name, each in measured.items() if each["roc_auc"] is not None}


def _metrics(expected: Sequence[str], answers: Sequence[ContributionsAnswer]) -> dict[str, Any]:
    share = np.array([_probability(answer) for answer in answers])
    judged = Judged(
        labels=("0", POSITIVE),
        expected=expected,
        outside=np.zeros(len(answers), dtype=bool),
        predicted=[answer.label for answer in answers],
        confidences=np.array([answer.confidence for answer in answers]),
        probabilities=np.stack([1 - share, share], axis=1),
        positive=POSITIVE,
        possible=[answer.possible for answer in answers],
    )
    return label_metrics(judged, "roc_auc")


def _probability(answer: ContributionsAnswer) -> float:
    return answer.confidence if answer.label == POSITIVE else 1 - answer.confidence


def _residual(answer: ContributionsAnswer) -> float:
    """How far base and contributions miss the logit, or the logit the probability."""
    total = answer.base_logit + sum(each.logit for each in answer.contributions)
    return max(abs(total - answer.logit), abs(1 / (1 + exp(-answer.logit)) - _probability(answer)))


def _area(truth: Sequence[str], scores: Sequence[float]) -> float:
    told: NDArray[np.float64] = np.array(scores)
    positive = np.array([label == POSITIVE for label in truth])
    return auroc(told[positive], told[~positive])
