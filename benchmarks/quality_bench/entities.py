"""Entities of medical texts, flat and nested, by Podion's heads: `quality.py --vertical medical --only ncbi`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from podion.data.splits import split_rows
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.head_kinds import SpanHead
from podion.vertical import Method, Task
from quality_bench.medical import FOLDER, SPLIT_SEED, missing, records_of

SHOWN = ("entity_f1", "entity_precision", "entity_recall", "ece", "ece_noise_95")
HEADS = {
    "lora": ("lora", SpanHead(nested=True, words=True)),
    "head": ("head", SpanHead(nested=True, words=True)),
    "lora without words": ("lora", SpanHead(nested=True)),
    "lora, flat tags": ("lora", SpanHead()),
}
"""The heads that are compared: what the task declares comes first, and has to reach the target."""


@dataclass(frozen=True, kw_only=True)
class EntitiesCase:
    """One data set: F1 of whole entities, start, end and label right, on its test file or on a fifth of its rows.

    The fifth is what `podion split --test 0.2 --seed 2026` splits off. `heads` names which of `HEADS` are trained.
    """

    name: str
    base: str
    train: str
    validation: str | None = None
    test: str | None = None
    heads: tuple[str, ...] = ("lora", "head")
    targets: Mapping[str, float] = field(default_factory=dict)
    quick: bool = False

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures of each head; a quick run is of the one on frozen states alone."""
        _, task = bench.catalogue.task(f"{FOLDER}/entities")
        asked = ("head",) if quick else self.heads
        results = {name: self._fitted(bench, task, name) for name in asked}
        heads = {name: _figures(result) for name, result in results.items()}
        missed = [] if quick else list(missing(heads[asked[0]], self.targets))
        return {"heads": heads, "targets": dict(self.targets), "missed": missed}

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield f"  {'':<24}{''.join(f'{name[-9:]:>11}' for name in SHOWN)}{'cpu s':>8}  target"
        for place, (name, told) in enumerate(found["heads"].items()):
            cells = "".join(f"{told[each]:>11.4f}" if each in told else f"{'':>11}" for each in SHOWN)
            floors = ", ".join(f"{each} ≥ {floor}" for each, floor in self.targets.items()) if not place else ""
            yield f"  {name:<24}{cells}{told['cpu_seconds']:>8.0f}  {floors}"
        yield from (f"  MISSED {missed}" for missed in found["missed"])

    def _fitted(self, bench: Any, task: Task, name: str) -> FitResult:
        method, head = HEADS[name]
        train, validation = records_of(bench, task, self.train), None
        if self.validation is not None:
            validation = records_of(bench, task, self.validation)
        if self.test is not None:
            test = records_of(bench, task, self.test)
        else:
            labels = [",".join(sorted({span.label for span in getattr(record, task.label) or ()})) for record in train]
            kept, taken = split_rows(labels, share=0.2, seed=SPLIT_SEED)
            train, test = [train[place] for place in kept], [train[place] for place in taken]
        encoder = bench.encoder(self.base)
        request = FitRequest(
            task=replace(task, head=head),
            task_name=f"{FOLDER}/entities",
            method=Method(method),
            train=train,
            validation=validation,
            test=test,
            base=encoder.base,
        )
        return fit(request, encoder, progress=bench.say)


def _figures(result: FitResult) -> dict[str, Any]:
    test, validation = result.metrics["test"], result.metrics["validation"]
    return {
        **{name: test[name] for name in SHOWN if name in test},
        "validation": validation.get("entity_f1"),
        "labels": {name: told["f1"] for name, told in test["labels"].items()},
        "rows": dict(result.rows),
        "trainable_parameters": result.trainable_parameters,
        "standard_error": test.get("standard_error"),
        "cpu_seconds": result.cpu_seconds,
        "wall_seconds": result.seconds,
    }


def cases() -> list[EntitiesCase]:
    """Return what is measured of entities."""
    return [
        EntitiesCase(
            name="ncbi_disease",
            base="minilm-l6",
            train="ncbi_disease_train.jsonl.gz",
            validation="ncbi_disease_val.jsonl.gz",
            test="ncbi_disease_test.jsonl.gz",
            targets={"entity_f1": 0.85},
        ),
        EntitiesCase(name="cmeee", base="me5-small", train="cmeee_ner_zh.jsonl.gz", targets={"entity_f1": 0.52}),
    ]
