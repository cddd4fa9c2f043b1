"""Credit by Podion's heads, and by others' tools on the same rows: `quality.py --vertical finance_risk`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev
from typing import Any

import numpy as np
from pydantic import BaseModel

from podion.data.reading import LOCAL, read_rows
from podion.data.records import validate_values
from podion.data.rows import Row
from podion.data.splits import split_rows
from podion.errors import DataError
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.vertical import Method, Task
from quality_bench.tables import others

SHOWN = ("roc_auc", "ece", "ece_noise_95", "ks", "recall_at_1_percent")
ECE_ROOM = 0.005
FEW_ROWS = 2_000
SEEDS = (2026, 0, 1, 2, 3)
OTHER_SEEDS = tuple(range(5))
HEADS = {"strong head": "credit", "scorecard": "scorecard"}
BOOSTING = "gradient_boosting"


@dataclass(frozen=True, kw_only=True)
class CreditCase:
    """One data set: its sensitive columns by the names that the vertical knows, and what each head must reach.

    `others` is the area under the curve that others' tools were measured to have, and stands beside only.
    """

    name: str
    file: str
    sensitive: Mapping[str, str]
    targets: Mapping[str, float]
    others: Mapping[str, float]
    classes: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    folds: int = 0
    repeats: int = 10
    quick: bool = False

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures of both heads and of others' tools, with every column and without the sensitive ones."""
        found: dict[str, Any] = {}
        for variant, withheld in (("every column", False), ("without sensitive", True)):
            found[variant] = self._variant(bench, withheld, quick)
        told = found["every column"]
        found["targets"] = dict(self.targets)
        found["measured_by_others_elsewhere"] = dict(self.others)
        found["other_splits"] = {} if quick or self.folds else self._other_splits(bench)
        found["missed"] = [] if quick else list(self._missed(told))
        return found

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield f"  {'':<42}{''.join(f'{name[:8]:>9}' for name in SHOWN)}{'cpu s':>8}  target"
        for variant in ("every column", "without sensitive"):
            for name, figures in found[variant].items():
                cells = "".join(
                    f"{figures[each]:>9.4f}" if figures.get(each) is not None else f"{'':>9}" for each in SHOWN
                )
                target = self.targets.get(name) if variant == "every column" else None
                word = figures.get("why", "") if target is None else f"roc_auc ≥ {target}"
                yield f"  {variant:<18}{name:<24}{cells}{figures.get('cpu_seconds', 0):>8.0f}  {word}"
        yield from self._beside_boosting(found["other_splits"])
        yield from (f"  MISSED {missed}" for missed in found["missed"])

    def _other_splits(self, bench: Any) -> dict[str, list[float]]:
        """Return each one's areas under the curve where other rows are taken out: how far a split's luck reaches."""
        areas: dict[str, list[float]] = {}
        for head, task_name in HEADS.items():
            _, task = bench.catalogue.task(f"finance_risk/{task_name}")
            records = self._records(bench, task, withheld=False)
            labels = [str(getattr(record, task.label)) for record in records]
            for seed in OTHER_SEEDS:
                kept, taken = split_rows(labels, share=0.2, seed=seed)
                train, test = [records[place] for place in kept], [records[place] for place in taken]
                boosting = head == "strong head"
                figures = self._fit(bench, task, train, test, seed, boosting=boosting).metrics["test"]
                areas.setdefault(head, []).append(figures["roc_auc"])
                if boosting:
                    areas.setdefault(BOOSTING, []).append(figures["challengers"][BOOSTING]["roc_auc"])
        return areas

    def _beside_boosting(self, areas: Mapping[str, Sequence[float]]) -> Iterator[str]:
        """Yield a line for each one of the other splits, with its mean distance from boosting on the same rows."""
        for name, own in areas.items():
            line = f"  on {len(own)} other splits {name}: roc_auc {mean(own):.4f}, standard deviation {stdev(own):.4f}"
            if name in self.targets:
                apart = [area - boosted for area, boosted in zip(own, areas[BOOSTING], strict=True)]
                asked = self.targets[name] - self.others[BOOSTING]
                error = stdev(apart) / len(apart) ** 0.5
                line += f"; beside boosting {mean(apart):+.4f} ± {error:.4f}, asked {asked:+.4f}"
            yield line

    def _variant(self, bench: Any, withheld: bool, quick: bool) -> dict[str, Any]:
        measured: dict[str, list[dict[str, Any]]] = {}
        boosted: list[dict[str, Any]] = []
        for head, task_name in HEADS.items():
            _, task = bench.catalogue.task(f"finance_risk/{task_name}")
            records = self._records(bench, task, withheld)
            for seed, train, test in self._parts(records, task, quick):
                result = self._fit(bench, task, train, test, seed, boosting=head == "strong head")
                test_figures = dict(result.metrics["test"])
                measured.setdefault(head, []).append({**test_figures, "cpu_seconds": result.cpu_seconds})
                if head == "strong head":
                    boosted.append(test_figures["challengers"][BOOSTING])
                    for name, figures in others(*self._shown(task, train, test), task.label, seed).items():
                        measured.setdefault(name, []).append(figures)
        measured[BOOSTING] = boosted
        return {name: averaged(rows) for name, rows in measured.items()}

    def _fit(self, bench: Any, task: Task, train: Any, test: Any, seed: int, *, boosting: bool) -> FitResult:
        encoder = bench.encoder("minilm-l6")
        request = FitRequest(
            task=task,
            task_name=f"finance_risk/{task.name}",
            method=Method.HEAD,
            train=train,
            test=test,
            base=encoder.base,
            seed=seed,
            challengers=boosting,
        )
        return fit(request, encoder, progress=bench.say)

    def _shown(
        self, task: Task, train: Sequence[BaseModel], test: Sequence[BaseModel]
    ) -> tuple[list[BaseModel], list[BaseModel]]:
        """What others' tools may see: the records without what the task withholds."""
        return [_without(task, record) for record in train], [_without(task, record) for record in test]

    def _parts(
        self, records: list[BaseModel], task: Task, quick: bool
    ) -> Iterator[tuple[int, list[BaseModel], list[BaseModel]]]:
        labels = [getattr(record, task.label) for record in records]
        if self.folds:
            yield from self._folds(records, labels, quick)
            return
        seeds = SEEDS if len(records) / 5 < FEW_ROWS else SEEDS[:1]
        for seed in seeds[:1] if quick else seeds:
            kept, taken = split_rows(labels, share=0.2, seed=seed)
            yield seed, [records[place] for place in kept], [records[place] for place in taken]

    def _folds(
        self, records: list[BaseModel], labels: Sequence[str], quick: bool
    ) -> Iterator[tuple[int, list[BaseModel], list[BaseModel]]]:
        for repeat in range(1 if quick else self.repeats):
            fold = np.empty(len(records), dtype=np.int64)
            generator = np.random.default_rng(repeat)
            for label in sorted(set(labels)):
                rows = generator.permutation([place for place, each in enumerate(labels) if each == label])
                fold[rows] = np.arange(len(rows)) % self.folds
            for number in range(1 if quick else self.folds):
                train = [record for record, own in zip(records, fold, strict=True) if own != number]
                test = [record for record, own in zip(records, fold, strict=True) if own == number]
                yield repeat, train, test

    def _records(self, bench: Any, task: Task, withheld: bool) -> list[BaseModel]:
        """Return the file's records; sensitive columns have their own name to be withheld, else another."""
        names = {known if withheld else f"x_{known}": column for known, column in self.sensitive.items()}
        rename = {name: column for name, column in names.items() if name != column}
        with (bench.data / self.file).open("rb") as source:
            rows = [
                row for row in read_rows(source, limits=LOCAL, rename=rename, drop=self.drop) if isinstance(row, Row)
            ]
        found = []
        for row in rows:
            label = self.classes.get(str(row.values[task.label]), str(row.values[task.label]))
            record = validate_values(task, {**row.values, task.label: label}, row.line)
            if not isinstance(record, BaseModel):
                raise DataError(f"{self.file}: {record[0].reason}")
            found.append(record)
        return found

    def _missed(self, told: Mapping[str, Any]) -> Iterator[str]:
        for name, floor in self.targets.items():
            figures = told[name]
            if figures["roc_auc"] < floor:
                here = (
                    f"{other} {told[other]['roc_auc']:.4f} here, {elsewhere} elsewhere"
                    for other, elsewhere in self.others.items()
                    if told.get(other, {}).get("roc_auc") is not None
                )
                yield f"{name}: roc_auc {figures['roc_auc']:.4f} < {floor} ({'; '.join(here)})"
            if figures["ece"] > figures["ece_noise_95"] + ECE_ROOM:
                yield f"{name}: ece {figures['ece']:.4f} > {figures['ece_noise_95']:.4f} + {ECE_ROOM}"


def cases() -> list[CreditCase]:
    """Return the credit sets of the issue."""
    folder = "finance_risk"
    return [
        CreditCase(
            name="german_credit",
            file=f"{folder}/german_credit.csv.gz",
            sensitive={
                "age": "age_in_years",
                "personal_status_sex": "personal_status_and_sex",
                "foreign_worker": "foreign_worker",
            },
            classes={"good": "0", "bad": "1"},
            targets={"strong head": 0.785, "scorecard": 0.780},
            others={BOOSTING: 0.787, "logistic": 0.786},
            folds=5,
            quick=True,
        ),
        CreditCase(
            name="taiwan_default",
            file=f"{folder}/taiwan_default.csv.gz",
            sensitive={"sex": "sex", "marriage": "marriage", "age": "age"},
            drop=("id",),
            targets={"strong head": 0.790, "scorecard": 0.785},
            others={BOOSTING: 0.791, "ebm": 0.793, "spline_logit": 0.783, "logistic": 0.726},
        ),
        CreditCase(
            name="loan_default",
            file=f"{folder}/loan_default.csv.gz",
            sensitive={"age": "person_age"},
            targets={"strong head": 0.942, "scorecard": 0.905},
            others={BOOSTING: 0.945, "hist_gradient_boosting": 0.929, "spline_logit": 0.885},
        ),
    ]


def averaged(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return means over runs of every number, and how far the area under the curve's mean may lie from itself."""
    names = [name for name, value in rows[0].items() if isinstance(value, int | float) and not isinstance(value, bool)]
    found: dict[str, Any] = {
        name: mean(row[name] for row in rows) for name in names if all(name in row for row in rows)
    }
    found |= {name: value for name, value in rows[0].items() if value is None or name in ("why", "error")}
    if len(rows) > 1 and "roc_auc" in names:
        found["roc_auc_standard_error"] = stdev(row["roc_auc"] for row in rows) / len(rows) ** 0.5
    return {**found, "runs": len(rows)}


def _without(task: Task, record: BaseModel) -> BaseModel:
    kept = {name: value for name, value in record.model_dump().items() if name not in (*task.sensitive, task.text)}
    return type(record).model_validate(kept)
