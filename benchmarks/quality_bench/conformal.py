"""How often the labels that may be right hold the truth, beside what their task promises; and how many they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev
from typing import Any

import numpy as np
from pydantic import BaseModel

from podion.finetuning.examples import hold_out
from podion.finetuning.fit import FitRequest, fit
from podion.vertical import Method, Task
from quality_bench.medical import FOLDER, records_of

ROOM = 0.02
_SHOWN = ("coverage", "set_size", "accuracy")


@dataclass(frozen=True, kw_only=True)
class ConformalCase:
    """One data set, parted at random so often as `seeds` has it: what was promised, and what rows never seen held.

    `most` rows are drawn where a whole file would take too long. A promise below the head's accuracy says nothing: the
    answered label alone holds the truth more often.
    """

    name: str
    task: str
    base: str
    file: str
    promises: tuple[float, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    most: int | None = None
    quick: bool = False

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return for each promise the means over seeds; it is missed where they are off by more than two points."""
        _, declared = bench.catalogue.task(f"{FOLDER}/{self.task}")
        records = self._records(bench, declared)
        told: dict[str, Any] = {}
        for promise in self.promises[: 1 if quick else None]:
            task = replace(declared, coverage=promise)
            seeds = self.seeds[: 1 if quick else None]
            tests = [self._tested(bench, task, records, seed) for seed in seeds]
            told[f"{promise}"] = {name: mean(test[name] for test in tests) for name in _SHOWN} | {
                "spread": stdev(test["coverage"] for test in tests) if len(tests) > 1 else 0.0,
                "rows": tests[0]["rows"],
            }
        return {"rows": len(records), "promised": told, "missed": [] if quick else list(_missed(told))}

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        for promise, figures in found["promised"].items():
            cells = "".join(f" {name} {figures[name]:.4f}" for name in _SHOWN)
            yield f"  promised {promise}:{cells} (spread {figures['spread']:.4f}, {figures['rows']} rows a seed)"
        yield from (f"  MISSED {missed}" for missed in found["missed"])

    def _tested(self, bench: Any, task: Task, records: Sequence[BaseModel], seed: int) -> dict[str, Any]:
        kept, taken = hold_out(task, records, 0.2, seed)
        encoder = bench.encoder(self.base)
        request = FitRequest(
            task=task,
            task_name=f"{FOLDER}/{self.task}",
            method=Method.HEAD,
            train=[records[place] for place in kept],
            test=[records[place] for place in taken],
            base=encoder.base,
            seed=seed,
        )
        return dict(fit(request, encoder, progress=bench.say).metrics["test"])

    def _records(self, bench: Any, task: Task) -> list[BaseModel]:
        records = records_of(bench, task, self.file)
        order = np.random.default_rng(0).permutation(len(records))[: self.most]
        return [records[place] for place in sorted(order.tolist())]


def cases() -> list[ConformalCase]:
    """Return sets of texts in two languages, and one of pairs."""
    return [
        ConformalCase(
            name="conformal symptom2disease",
            task="diagnosis",
            base="minilm-l6",
            file="symptom2disease.csv.gz",
            promises=(0.99,),
            seeds=(0, 1, 2, 3, 4),
            quick=True,
        ),
        ConformalCase(
            name="conformal medical_abstracts",
            task="document_class",
            base="minilm-l6",
            file="medical_abstracts.csv.gz",
            promises=(0.9,),
        ),
        ConformalCase(
            name="conformal kuake_qic",
            task="question_intent",
            base="me5-small",
            file="kuake_qic_train_zh.csv.gz",
            promises=(0.9,),
        ),
        ConformalCase(
            name="conformal kuake_qqr",
            task="match",
            base="me5-small",
            file="kuake_qqr_train_zh.csv.gz",
            promises=(0.9,),
            most=4_000,
        ),
    ]


def _missed(told: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for promise, figures in told.items():
        off = figures["coverage"] - float(promise)
        if abs(off) > ROOM:
            yield f"promised {promise}: coverage {figures['coverage']:.4f} is off by {off:+.4f}"
