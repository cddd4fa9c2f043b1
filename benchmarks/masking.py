"""How well masking finds what is personal, on the texts of `masking_texts.py`, how fast, and what it takes from others.

    PODION_DATA=DIR python benchmarks/masking.py [--quick] [--json FILE]

Judged on 5,000 generated texts (seed 2026): a finding counts when kind, start and end are exact. Beside it stands how
many characters of personal values are covered at all. The last lines count findings in public data sets of customers'
texts (skipped without PODION_DATA); `--show` prints them. Targets: recall 0.99, precision 0.97; below, the exit code is
1. `--quick` judges 1,000 texts.
"""

import argparse
import csv
import gzip
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from masking_texts import KINDS, Sample, texts

from podion.data.masking.finding import find
from podion.data.masking.found import Found

RECALL, PRECISION = 0.99, 0.97
SEED = 2026
REAL = (
    ("banking77 (en)", "customer_service/banking77_test.csv", ("text",)),
    ("smp2019 (zh)", "customer_service/smp2019_intent_zh.csv.gz", ("text",)),
    ("bank_faq (en)", "customer_service/bank_faq.csv.gz", ("question", "answer")),
    ("waimai (zh)", "sentiment_monitor/waimai_10k.csv.gz", ("text", "review")),
)
HOSTILE = {"digits": "1", "digits and spaces": "1 ", "at signs": "a@", "Chinese roads": "路1", "words": "12 Oak "}


@dataclass
class Tally:
    """Exact hits, misses and false alarms, by kind; characters that should be and are covered."""

    right: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    personal: int = 0
    covered: int = 0
    beside: int = 0

    def take(self, sample: Sample, found: list[Found]) -> None:
        """Compare what was found in a text with what is in it."""
        expected = {(mark.kind, mark.start, mark.end) for mark in sample.expected}
        got = {tuple(each) for each in found}
        self.right.update(kind for kind, *_ in expected & got)
        self.missed.update(kind for kind, *_ in expected - got)
        self.wrong.update(str(kind) for kind, *_ in got - expected)
        inside = {place for mark in sample.expected for place in range(mark.start, mark.end)}
        taken = {place for each in found for place in range(each.start, each.end)}
        self.personal += len(inside)
        self.covered += len(inside & taken)
        self.beside += len(taken - inside)

    def row(self, *kinds: str) -> dict[str, float | int]:
        """Return the figures of some kinds together."""
        right, missed, wrong = (
            sum(counter[kind] for kind in kinds) for counter in (self.right, self.missed, self.wrong)
        )
        return {
            "expected": right + missed,
            "missed": missed,
            "false": wrong,
            "recall": round(right / max(1, right + missed), 5),
            "precision": round(right / max(1, right + wrong), 5),
        }


def judge(count: int) -> dict[str, Any]:
    """Return recall, precision and time on `count` generated texts."""
    samples = list(texts(count, SEED))
    find(samples[0].text)
    started = time.process_time()
    results = [find(sample.text) for sample in samples]
    seconds = time.process_time() - started
    tally = Tally()
    for sample, found in zip(samples, results, strict=True):
        tally.take(sample, found)
    length = sum(len(sample.text) for sample in samples)
    return {
        "texts": count,
        "seed": SEED,
        **tally.row(*KINDS),
        "characters_covered": round(tally.covered / tally.personal, 5),
        "characters_beside": round(tally.beside / length, 5),
        "microseconds_a_text": round(seconds / count * 1e6, 1),
        "microseconds_100_characters": round(seconds / length * 1e8, 1),
        "kinds": {kind: tally.row(kind) for kind in KINDS},
    }


def hostile() -> dict[str, float]:
    """Return how many times longer ten times the text takes, for texts made to be slow (100,000 characters)."""

    def seconds(unit: str, length: int) -> float:
        text = unit * (length // len(unit))
        started = time.process_time()
        find(text)
        return time.process_time() - started

    return {name: round(seconds(unit, 100_000) / max(seconds(unit, 10_000), 1e-4), 1) for name, unit in HOSTILE.items()}


def real_texts(path: Path, columns: tuple[str, ...]) -> Iterator[str]:
    """Yield the texts of some columns of a CSV file."""
    packed = path.suffix == ".gz"
    with gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            yield from (text for column, text in row.items() if column.lower() in columns and text)


def real(folder: Path, show: bool) -> dict[str, dict[str, Any]]:
    """Return how many texts of each public data set would be masked, and what a text costs."""
    rows: dict[str, dict[str, Any]] = {}
    for name, place, columns in REAL:
        if not (folder / place).exists():
            continue
        read = list(dict.fromkeys(real_texts(folder / place, columns)))
        started = time.process_time()
        results = [find(text) for text in read]
        seconds = time.process_time() - started
        kinds = Counter(each.kind for found in results for each in found)
        masked = sum(map(bool, results))
        rows[name] = {
            "texts": len(read),
            "masked": masked,
            "rate": round(masked / max(1, len(read)), 5),
            "kinds": dict(kinds),
            "microseconds_a_text": round(seconds / max(1, len(read)) * 1e6, 1),
        }
        for text, found in zip(read, results, strict=True):
            for each in found if show else ():
                print(f"  {name}: {each.kind}: …{text[max(0, each.start - 20) : each.end + 10]!r}")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description="Judge masking.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--show", action="store_true", help="print what is found in public data")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    data = os.environ.get("PODION_DATA")
    figures = judge(1_000 if chosen.quick else 5_000)
    figures["hostile_ten_times_the_text"] = hostile()
    figures["real"] = real(Path(data), chosen.show) if data else {}
    print(f"{'kind':<12} {'expected':>8} {'missed':>7} {'false':>6} {'recall':>8} {'precision':>10}")
    for kind, row in [*figures["kinds"].items(), ("all", figures)]:
        print(
            f"{kind:<12} {row['expected']:>8} {row['missed']:>7} {row['false']:>6} {row['recall']:>8.4f} "
            f"{row['precision']:>10.4f}"
        )
    for name, row in figures["real"].items():
        print(f"{name}: {row['masked']} of {row['texts']} texts masked ({row['rate']:.2%}) {row['kinds']}")
    print(json.dumps(figures))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0 if figures["recall"] >= RECALL and figures["precision"] >= PRECISION else 1


if __name__ == "__main__":
    sys.exit(main())
