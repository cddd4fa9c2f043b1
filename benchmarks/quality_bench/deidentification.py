"""How well the clinical kinds of masking find what identifies a person, on 2,000 generated texts, and how fast.

    python -m quality_bench.deidentification [--seed 2026] [--count 2000] [--show N]      (from benchmarks/)

A stretch counts as found when kind, start and end are exact. Beside it stands how many are covered, whatever they were
taken for: every character of theirs is masked. Below the targets the exit code is 1.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from podion.data.masking.finding import find
from podion.data.masking.found import Found
from quality_bench.deidentification_texts import Labelled, texts

RECALL, PRECISION = 0.99, 0.97
SEED, COUNT, QUICK = 2026, 2_000, 500
KIND_OF: Mapping[str, str] = {
    "bank_card": "id",
    "iban": "id",
    "national_id": "id",
    "record_number": "id",
    "resident_id": "id",
    "ssn": "id",
}
"""Kinds of masking that the texts call by one name; the rest have the same name."""


@dataclass
class Tally:
    """Exact hits, misses, false alarms and covered stretches by kind and language."""

    right: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: Counter[tuple[str, str]] = field(default_factory=Counter)
    covered: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, text: Labelled, found: Sequence[Found]) -> tuple[set[Any], set[Any]]:
        """Compare what was found in a text with what is in it; return what was missed and what is wrong."""
        expected = {(each.kind, each.start, each.end) for each in text.spans}
        got = {(KIND_OF.get(each.kind, each.kind), each.start, each.end) for each in found}
        masked = {place for each in found for place in range(each.start, each.end)}
        self.right.update((kind, text.language) for kind, *_ in expected & got)
        self.missed.update((kind, text.language) for kind, *_ in expected - got)
        self.wrong.update((kind, text.language) for kind, *_ in got - expected)
        self.covered.update(
            (kind, text.language) for kind, start, end in expected if masked.issuperset(range(start, end))
        )
        return expected - got, got - expected

    def row(self, kind: str | None = None, language: str | None = None) -> dict[str, Any]:
        """Return the figures of a kind in a language; None stands for all."""

        def count(counter: Counter[tuple[str, str]]) -> int:
            return sum(n for (k, lang), n in counter.items() if kind in (None, k) and language in (None, lang))

        right, missed, wrong = count(self.right), count(self.missed), count(self.wrong)
        return {
            "expected": right + missed,
            "missed": missed,
            "false": wrong,
            "recall": round(right / max(1, right + missed), 4),
            "precision": round(right / max(1, right + wrong), 4),
            "covered": round(count(self.covered) / max(1, right + missed), 4),
        }


def judge(count: int = COUNT, seed: int = SEED, show: int = 0) -> dict[str, Any]:
    """Return the figures of all, of each kind and of each language, and what a text costs."""
    made = list(texts(count, seed))
    find(made[0].text, "clinical")
    started = time.process_time()
    results = [find(each.text, "clinical") for each in made]
    seconds = time.process_time() - started
    tally = Tally()
    for each, found in zip(made, results, strict=True):
        missed, wrong = tally.take(each, found)
        for word, faults in (("missed", missed), ("false", wrong)):
            for kind, start, end in sorted(faults):
                if show > 0:
                    show -= 1
                    around = (
                        f"{each.text[max(0, start - 30) : start]}⟦{each.text[start:end]}⟧{each.text[end : end + 20]}"
                    )
                    print(f"  {word:<7}{kind:<8}{around!r}")
    kinds = sorted({key for counter in (tally.right, tally.missed, tally.wrong) for key in counter})
    return {
        "texts": count,
        "seed": seed,
        **tally.row(),
        "microseconds_a_text": round(seconds / count * 1e6, 1),
        "megabytes_a_second": round(sum(len(each.text.encode()) for each in made) / seconds / 1e6, 2),
        "languages": {language: tally.row(None, language) for language in sorted({lang for _, lang in kinds})},
        "kinds": {f"{kind} ({language})": tally.row(kind, language) for kind, language in kinds},
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table's lines."""
    yield f"  {'':<16}{'expected':>9}{'missed':>8}{'false':>7}{'recall':>8}{'precision':>11}{'covered':>9}"
    for name, row in [*found["kinds"].items(), *found["languages"].items(), ("all", found)]:
        yield (
            f"  {name:<16}{row['expected']:>9}{row['missed']:>8}{row['false']:>7}{row['recall']:>8.4f}"
            f"{row['precision']:>11.4f}{row['covered']:>9.4f}"
        )
    yield (
        f"  {found['texts']:,} texts (seed {found['seed']}), {found['microseconds_a_text']} µs a text, "
        f"{found['megabytes_a_second']} MB/s; targets: recall {RECALL}, precision {PRECISION}"
    )


@dataclass(frozen=True, kw_only=True)
class DeidentificationCase:
    """De-identification beside the data sets of `quality.py --vertical medical`."""

    name: str = "de-identification"
    quick: bool = True

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures, and which targets they miss."""
        figures = judge(QUICK if quick else COUNT)
        floors = {"recall": RECALL, "precision": PRECISION}
        missed = [f"{name} {figures[name]:.4f} < {floor}" for name, floor in floors.items() if figures[name] < floor]
        return {"figures": figures, "missed": [] if quick else missed}

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield from lines(found["figures"])
        yield from (f"  MISSED {missed}" for missed in found["missed"])


def cases() -> list[DeidentificationCase]:
    """Return the one case."""
    return [DeidentificationCase()]


def main() -> int:
    """Print the figures of one seed."""
    parser = argparse.ArgumentParser(description="Judge de-identification.")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--show", type=int, default=0, help="print so many misses and false alarms")
    chosen = parser.parse_args()
    found = judge(chosen.count, chosen.seed, chosen.show)
    for line in lines(found):
        print(line)
    return 0 if found["recall"] >= RECALL and found["precision"] >= PRECISION else 1


if __name__ == "__main__":
    sys.exit(main())
