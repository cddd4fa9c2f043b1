"""Where a base is cut: what a LoRA above the cut is worth, and what it costs to train and to serve, cut by cut.

    PODION_DATA=DIR python benchmarks/frozen_layers.py [--base NAME …] [--cuts N …] [--quick] [--json FILE]

A cut is chosen on validation rows that neither teach nor test: `validation` is the accuracy there, `train_cpu_s` what a
LoRA costs to train, `serve_cpu_ms` a batch of 64 short texts of 42 adapters, and `serve_again_cpu_ms` the same batch
when its states at the cut are remembered. BANKING77 (20 rows an intent) for minilm-l6, SMP2019's domains for me5-small.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median
from typing import Any

from pydantic import BaseModel

from podion.catalogue.catalogue import load_plugins
from podion.data.reading import LOCAL, read_rows
from podion.data.records import validate_values
from podion.data.rows import Row
from podion.data.splits import split_rows
from podion.errors import BadSettings
from podion.finetuning.fit import FitRequest, fit
from podion.hosting.bases import find_base
from podion.hosting.encoder import Encoder
from podion.hosting.peft_files import read_deltas
from podion.hosting.state_cache import StateCache
from podion.settings import load_settings
from podion.vertical import Method, Task

SETS = {
    "minilm-l6": ("customer_service/banking77_train.csv.gz", {}, 20),
    "me5-small": ("customer_service/smp2019_intent_zh.csv.gz", {"label": "domain"}, 40),
}
CUTS = {"minilm-l6": (0, 1, 2, 3, 4, 5), "me5-small": (0, 4, 6, 8, 10, 11)}
SEEDS = (0,)
ROUNDS = 7
ADAPTERS, ROWS = 42, 64
RANDOM = 2026


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What teaches and what a cut is chosen on."""

    train: Sequence[BaseModel]
    validation: Sequence[BaseModel]


def rows_of(data: Path, task: Task, base: str, shots: int) -> Rows:
    """So many rows a label to learn from, and as many others, at most, to choose on."""
    path, rename, most = SETS[base]
    with (data / path).open("rb") as source:
        found = [row for row in read_rows(source, limits=LOCAL, rename=rename) if isinstance(row, Row)]
    read = [validate_values(task, row.values, row.line) for row in found]
    records = [record for record in read if isinstance(record, BaseModel)]
    if base == "me5-small":  # the file has no test part of its own: what quality.py tests on stays unseen
        kept, _ = split_rows([str(getattr(record, task.label)) for record in records], share=0.2, seed=RANDOM)
        records = [records[place] for place in kept]
    by_label: dict[str, list[BaseModel]] = {}
    for record in random.Random(RANDOM).sample(records, len(records)):
        by_label.setdefault(str(getattr(record, task.label)), []).append(record)
    shots = min(shots, most)
    halves = []
    for rows in by_label.values():
        taught = min(shots, len(rows) // 2)
        if taught >= 2:
            halves.append((rows[:taught], rows[taught:][:shots]))
    return Rows(
        train=[record for train, _ in halves for record in train],
        validation=[record for _, validation in halves for record in validation],
    )


def serving_ms(encoder: Encoder, made: Any, texts: Sequence[str]) -> tuple[float, float]:
    """CPU milliseconds of a mixed batch, new and with its states at the cut remembered."""
    deltas = read_deltas(made)
    adapters = [encoder.pool.put(deltas, str(number)) for number in range(ADAPTERS)]
    rows = encoder.tokenise(texts[:ROWS])
    chosen = [adapters[place % ADAPTERS] for place in range(ROWS)]
    new: list[float] = []
    again: list[float] = []
    for _ in range(ROUNDS):
        cache = StateCache(1 << 30)
        for times in (new, again):
            started = time.process_time()
            # read token by token, so that only the states at the cut are taken from the cache
            encoder.states(rows, adapters=chosen, owners=range(ROWS), cache=cache, reads_tokens=True)
            times.append((time.process_time() - started) * 1e3)
    for adapter in adapters:
        encoder.pool.release(adapter)
    return median(new), median(again)


def measure(base_name: str, cut: int, rows: Rows, task: Task, seeds: Sequence[int]) -> dict[str, Any]:
    """The figures of one cut."""
    settings = load_settings()
    base = replace(find_base(base_name, settings.bases), frozen_layers=cut).computed_by(settings.runtime)
    encoder = Encoder.load(base, device="cpu", threads=1)
    accuracies, seconds, results = [], [], []
    for seed in seeds:
        request = FitRequest(
            task=task, task_name="customer_service/intent", method=Method.LORA, base=base, seed=seed,
            train=rows.train, validation=rows.validation,
        )  # fmt: skip
        results.append(fit(request, encoder))
        accuracies.append(float(results[-1].metrics["validation"]["accuracy"]))
        seconds.append(results[-1].cpu_seconds)
    assert task.text is not None
    texts = [str(getattr(record, task.text)) for record in rows.validation]
    new, again = serving_ms(encoder, results[0].parts.lora, texts)
    return {
        "base": base_name,
        "runtime": base.runtime,
        "frozen_layers": cut,
        "validation": round(mean(accuracies), 4),
        "seeds": [round(accuracy, 4) for accuracy in accuracies],
        "train_cpu_s": round(mean(seconds), 1),
        "serve_cpu_ms": round(new, 1),
        "serve_again_cpu_ms": round(again, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", nargs="+", choices=sorted(SETS), default=sorted(SETS, reverse=True))
    parser.add_argument("--cuts", nargs="+", type=int)
    parser.add_argument("--quick", action="store_true", help="two cuts, few rows")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    settings = load_settings()
    if settings.data is None:
        raise BadSettings("PODION_DATA is not set: name the folder with the public data sets")
    _, task = load_plugins().task("customer_service/intent")
    found = []
    for base in options.base[:1] if options.quick else options.base:
        rows = rows_of(settings.data, task, base, 4 if options.quick else 40)
        for cut in options.cuts or (CUTS[base][2:4] if options.quick else CUTS[base]):
            found.append(measure(base, cut, rows, task, SEEDS))
            print(json.dumps(found[-1]), flush=True)
    if options.json:
        machine = {"cpu_count": os.cpu_count(), "rows": {"adapters": ADAPTERS, "texts": ROWS}}
        options.json.write_text(json.dumps({"cuts": found, **machine}, indent=1) + "\n")


if __name__ == "__main__":
    main()
