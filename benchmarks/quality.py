"""How good the adapters are that Podion makes, on public data, by the same `fit` that runs and the command line use.

    PODION_DATA=DIR python benchmarks/quality.py [--quick] [--only NAME …] [--json FILE]

Each row is learned on the train file and scored once on the test file. Targets stand beside; a row that misses one is
marked and makes the exit code 1. `--quick` takes about a minute a vertical: no trained adapters on whole files.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from statistics import mean
from typing import Any, Protocol

from pydantic import BaseModel
from quality_bench import (
    conformal,
    credit,
    deidentification,
    entities,
    fraud,
    medical,
    medical_answers,
    recommender,
    risk,
    sentiment,
)

from podion.catalogue.catalogue import load_plugins
from podion.data.labels import label_names
from podion.data.reading import LOCAL, read_rows
from podion.data.records import validate_values
from podion.data.rows import Row
from podion.data.splits import split_rows
from podion.errors import BadSettings, DataError
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.hosting.bases import find_base
from podion.hosting.encoder import Encoder
from podion.settings import Settings, load_settings
from podion.vertical import Method, Task

SHOWN = ("accuracy", "macro_f1", "ece", "oos_auroc", "in_scope_accuracy", "oos_recall")
PACKAGES = ("numpy", "peft", "torch", "transformers")
ECE_ROOM = 0.01
SPLIT_SEED = 2026


class Measurable(Protocol):
    """What a vertical measures under a name; `quick` ones also in a quick run, where figures need not be final."""

    @property
    def name(self) -> str: ...

    @property
    def quick(self) -> bool: ...

    def measure(self, bench: "Bench", quick: bool) -> dict[str, Any]:
        """Return figures; what they miss stands under `missed`."""

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the lines of the table."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of the table: what is learned from what, and what it must reach."""

    name: str
    task: str
    base: str
    method: str
    train: str
    validation: str | None = None
    test: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    shots: int | None = None
    seeds: tuple[int, ...] = (0,)
    targets: Mapping[str, float] = field(default_factory=dict)
    calibrated: bool = False
    quick: bool = False

    def measure(self, bench: "Bench", quick: bool) -> dict[str, Any]:
        """Return the row's figures."""
        return bench.measure(self)

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the row."""
        yield line(self.name, found)


def customer_service() -> list[Measurable]:
    folder = "customer_service"
    intent = f"{folder}/intent"
    banking = Case(
        name="banking77",
        task=intent,
        base="minilm-l6",
        method="head",
        train=f"{folder}/banking77_train.csv.gz",
        test=f"{folder}/banking77_test.csv",
    )
    clinc = replace(
        banking,
        name="clinc150",
        train=f"{folder}/clinc150_train.csv.gz",
        validation=f"{folder}/clinc150_val.csv.gz",
        test=f"{folder}/clinc150_test.csv.gz",
        targets={"oos_auroc": 0.965, "in_scope_accuracy": 0.93, "oos_recall": 0.75},
        calibrated=True,
    )
    domains = Case(
        name="smp2019 domains head",
        task=intent,
        base="me5-small",
        method="head",
        train=f"{folder}/smp2019_intent_zh.csv.gz",
        rename={"label": "domain"},
        calibrated=True,
    )
    one_shot = replace(banking, method="few-shot", shots=1, seeds=(0, 1, 2, 3, 4), quick=True)
    return [
        replace(banking, name="banking77 zero-shot", method="zero-shot", targets={"accuracy": 0.62}, quick=True),
        replace(one_shot, name="banking77 few-shot 1", targets={"accuracy": 0.69}),
        replace(banking, name="banking77 head", targets={"accuracy": 0.915}, calibrated=True),
        replace(banking, name="banking77 lora", method="lora", targets={"accuracy": 0.93}, calibrated=True),
        replace(clinc, name="clinc150 head"),
        replace(clinc, name="clinc150 lora", method="lora"),
        domains,
        replace(domains, name="smp2019 domains lora", method="lora", targets={"accuracy": 0.94}),
    ]


def finance_risk() -> list[Measurable]:
    spam = Case(
        name="sms_spam",
        task="finance_risk/text_risk",
        base="minilm-l6",
        method="head",
        train="finance_risk/sms_spam.csv.gz",
        targets={"f1": 0.97},
        calibrated=True,
        quick=True,
    )
    return [*credit.cases(), *fraud.cases(), spam]


def sentiment_monitor() -> list[Measurable]:
    return [*sentiment.cases()]


def medicine() -> list[Measurable]:
    return [
        *medical.cases(),
        *entities.cases(),
        *medical_answers.cases(),
        *risk.cases(),
        *conformal.cases(),
        *deidentification.cases(),
    ]


def recommending() -> list[Measurable]:
    return [*recommender.cases()]


VERTICALS: dict[str, Callable[[], list[Measurable]]] = {
    "customer_service": customer_service,
    "finance_risk": finance_risk,
    "medical": medicine,
    "sentiment_monitor": sentiment_monitor,
    "recommender": recommending,
}


class Bench:
    """The catalogue, the data folder and one encoder a base."""

    def __init__(self, settings: Settings) -> None:
        if settings.data is None:
            raise BadSettings("PODION_DATA is not set: name the folder with the public data sets")
        self.settings, self.data = settings, settings.data
        self.catalogue = load_plugins()
        self.encoders: dict[str, Encoder] = {}

    @staticmethod
    def say(progress: Any) -> None:
        """Show how far a run is, where somebody looks on."""
        if sys.stderr.isatty():
            print(f"\r\033[K  {progress.stage} {progress.fraction:.0%}", end="", file=sys.stderr)

    def measure(self, case: Case) -> dict[str, Any]:
        """Return the figures of a case: means over its seeds."""
        _, task = self.catalogue.task(case.task)
        train, test = self._parts(case, task)
        validation = self._records(case, task, case.validation) if case.validation else None
        encoder = self.encoder(case.base)
        results = []
        for seed in case.seeds:
            request = FitRequest(
                task=task,
                task_name=case.task,
                method=Method(case.method),
                train=train,
                validation=validation,
                test=test,
                base=encoder.base,
                seed=seed,
                shots=case.shots,
            )
            results.append(fit(request, encoder, progress=self.say))
        return figures(case, results)

    def encoder(self, name: str) -> Encoder:
        """Return the one encoder of a base."""
        if name not in self.encoders:
            base = find_base(name, self.settings.bases).computed_by(self.settings.runtime)
            self.encoders[name] = Encoder.load(base, device=self.settings.device, threads=self.settings.threads)
        return self.encoders[name]

    def _parts(self, case: Case, task: Task) -> tuple[list[BaseModel], list[BaseModel]]:
        records = self._records(case, task, case.train)
        if case.test:
            return records, self._records(case, task, case.test)
        labels = [",".join(label_names(getattr(record, task.label))) for record in records]
        kept, taken = split_rows(labels, share=0.2, seed=SPLIT_SEED)
        return [records[place] for place in kept], [records[place] for place in taken]

    def _records(self, case: Case, task: Task, file: str) -> list[BaseModel]:
        with (self.data / file).open("rb") as source:
            rows = [row for row in read_rows(source, limits=LOCAL, rename=case.rename) if isinstance(row, Row)]
        read = [validate_values(task, row.values, row.line) for row in rows]
        records = [record for record in read if isinstance(record, BaseModel)]
        if not records:
            raise DataError(f"{file}: no row fits the records of {case.task}")
        return records


def figures(case: Case, results: Sequence[FitResult]) -> dict[str, Any]:
    tests = [result.metrics["test"] for result in results]
    names = dict.fromkeys((*SHOWN, *case.targets))
    measured = {name: mean(test[name] for test in tests) for name in names if all(name in test for test in tests)}
    noise = mean(test["ece_noise_95"] for test in tests)
    missed = [
        f"{name} {measured[name]:.4f} < {floor}" for name, floor in case.targets.items() if measured[name] < floor
    ]
    if case.calibrated and measured["ece"] > noise + ECE_ROOM:
        missed.append(f"ece {measured['ece']:.4f} > {noise:.4f} + {ECE_ROOM}")
    return {
        **measured,
        "ece_noise_95": noise,
        "standard_error": mean(min(test["standard_error"].values()) for test in tests),
        "trained": str(results[0].method),
        "abstention": results[0].metrics["validation"].get("abstention"),
        "rows": dict(results[0].rows),
        "trainable_parameters": results[0].trainable_parameters,
        "wall_seconds": sum(result.seconds for result in results),
        "cpu_seconds": sum(result.cpu_seconds for result in results),
        "targets": dict(case.targets),
        "missed": missed,
    }


def line(name: str, figures: Mapping[str, Any]) -> str:
    cells = "".join(f"{figures[name]:>9.4f}" if name in figures else f"{'':>9}" for name in SHOWN)
    verdict = "; ".join(figures["missed"]) or ", ".join(
        f"{name} {figures[name]:.4f} ≥ {floor}" for name, floor in figures["targets"].items()
    )
    return f"{name:<22}{cells}{figures['cpu_seconds']:>8.0f}  {'MISSED ' if figures['missed'] else ''}{verdict}"


def machine(settings: Settings) -> dict[str, Any]:
    return {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": settings.threads,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vertical", choices=sorted(VERTICALS), action="append")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="cases whose names hold all of these words"
    )
    parser.add_argument("--quick", action="store_true", help="under a minute: only what needs no training")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    settings = load_settings()
    bench = Bench(settings)
    cases = [case for vertical in asked.vertical or sorted(VERTICALS) for case in VERTICALS[vertical]()]
    chosen = [
        case for case in cases if all(word in case.name for word in asked.only) and (case.quick or not asked.quick)
    ]
    print(f"{'':<22}{''.join(f'{name[:8]:>9}' for name in SHOWN)}{'cpu s':>8}  target")
    found: dict[str, Any] = {}
    started = time.monotonic()
    for case in chosen:
        found[case.name] = case.measure(bench, asked.quick)
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
        if not isinstance(case, Case):
            print(case.name)
        print("\n".join(case.lines(found[case.name])), flush=True)
    report = {**machine(settings), "quick": asked.quick, "wall_seconds": time.monotonic() - started, "cases": found}
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if any(case["missed"] for case in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
