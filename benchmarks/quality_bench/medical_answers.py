"""Questions answered from a collection of medical answers: `quality.py --vertical medical --only medquad`.

Every answer of MedQuAD is kept as a document of its own, cut and embedded as a tenant's guidelines are; nothing was
tuned on them. A hit is right when its document is an answer to the question that was asked.
"""

import csv
import gzip
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import retrieval
from sklearn.feature_extraction.text import TfidfVectorizer

from podion.hosting.bases import find_base
from podion.hosting.engine import Engine

SEED = 2026
QUICK = 150
SHOWN = ("recall@1", "recall@5", "mrr")


@dataclass(frozen=True, kw_only=True)
class AnswersCase:
    """How often the right answer is among the first five, by the product's search and by what is usual."""

    name: str = "medquad"
    file: str = "medical/medquad.csv.gz"
    base: str = "minilm-l6"
    target: float = 0.80
    quick: bool = True

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures; a quick run keeps and asks a few only."""
        rows = _rows(bench.data / self.file)
        if quick:
            rows = Random(SEED).sample(rows, QUICK)
        answers = list(dict.fromkeys(row["answer"] for row in rows))
        right: dict[str, set[str]] = {}
        for row in rows:
            right.setdefault(row["question"], set()).add(row["answer"])
        questions = list(right)
        usual = _by_words(questions, answers, right)
        started = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            found = self._by_search(bench, Path(folder), questions, answers, right)
        found["cpu_seconds"] = time.process_time() - started
        missed = [f"recall@5 {found['recall@5']:.4f} < {self.target}"] if found["recall@5"] < self.target else []
        return {
            "questions": len(questions),
            "answers": len(answers),
            "search": found,
            "usual": {"tf-idf of words": usual},
            "missed": [] if quick else missed,
        }

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield f"  {found['questions']} questions, {found['answers']} answers{'':<6}" + "".join(
            f"{name:>10}" for name in SHOWN
        )
        for name, told in {**found["usual"], f"search, {self.base}": found["search"]}.items():
            yield f"  {name:<38}" + "".join(f"{told[each]:>10.4f}" for each in SHOWN)
        yield from (f"  MISSED {missed}" for missed in found["missed"])

    def _by_search(
        self, bench: Any, folder: Path, questions: Sequence[str], answers: Sequence[str], right: Mapping[str, set[str]]
    ) -> dict[str, Any]:
        base = find_base(self.base, bench.settings.bases)
        engine = Engine(bench.settings.bases, device=bench.settings.device, threads=bench.settings.threads)
        kept = retrieval.Bench(folder, retrieval.Base(engine, self.base, base.fingerprint))
        kept.put([retrieval.Faq(id=f"answer-{at}", question="", answer=answer) for at, answer in enumerate(answers)])
        kept.base.learn(questions)
        places = []
        for question in questions:
            hits = [answers[int(hit.document.removeprefix("answer-"))] for hit in kept.search(question)]
            places.append(next((at for at, answer in enumerate(hits) if answer in right[question]), 99))
        return dict(retrieval.rates(places))


def cases() -> list[AnswersCase]:
    """Return what is measured of questions."""
    return [AnswersCase()]


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["answer"].strip() and row["question"].strip()]


def _by_words(questions: Sequence[str], answers: Sequence[str], right: Mapping[str, set[str]]) -> dict[str, float]:
    counts = TfidfVectorizer(sublinear_tf=True)
    documents = counts.fit_transform(answers)
    places = []
    for first in range(0, len(questions), 500):
        some = questions[first : first + 500]
        scores = (counts.transform(some) @ documents.T).toarray()
        for question, row in zip(some, scores, strict=True):
            order = np.argsort(-row, kind="stable")[:5]
            places.append(next((at for at, one in enumerate(order) if answers[one] in right[question]), 99))
    return retrieval.rates(places)
