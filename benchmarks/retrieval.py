"""How well and how quickly a tenant's collection answers, by the same code as the server's, beside plain peers.

    PODION_DATA=DIR python benchmarks/retrieval.py [--quick] [--json FILE]

Quality: every question and answer of the bank's FAQ is kept as a document; its questions come back clean and disturbed
(benchmarks/disturbed.py, written before the search was tuned). A hit is right when its document has the same question.
Half of the questions, by seed, chose the weight of letters against meaning; the other half is the test. Exit code 1:
a disturbed recall@5 below 0.90, or an offset that does not point at its quote.

Speed: searches and writes at the FAQ's size and at 50,000 segments (`--quick`: 5,000), in CPU seconds of one thread.
"""

import argparse
import asyncio
import csv
import gzip
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Any

import numpy as np
from disturbed import KINDS, disturb
from numpy.typing import NDArray
from pydantic import BaseModel

from podion.errors import BadSettings
from podion.hosting.bases import find_base
from podion.hosting.engine import Engine
from podion.retrieval import collection_index
from podion.retrieval.collections import Collections
from podion.settings import load_settings
from podion.storage import documents, segments, tenants
from podion.storage.database import Connection, Database
from podion.storage.files import Files
from podion.storage.segments import NewSegment
from podion.vertical import CollectionSpec

SEED = 2026
TARGET = 0.90
TENANT, VERTICAL = "ten_bench", "bench"
WAYS: Mapping[str, float] = {"dense": 1.0, "lexical": 0.0, "hybrid": collection_index.DENSE_SHARE}
SHARES = (0.0, 0.4, 0.6, 0.8, 1.0)
TUNED_ON = 150
"""Questions of the tuning half that each share is tried on."""
PACKAGES = ("faiss-gpu", "faiss-cpu", "numpy", "scikit-learn", "scipy", "torch")
Floats = NDArray[np.float32]


class Faq(BaseModel):
    id: str = ""
    question: str
    answer: str


FAQ = CollectionSpec(name="faq", kind=Faq, texts=("question", "answer"))


class Base:
    """A base whose vectors of questions are computed once, in batches, before the searches are measured."""

    def __init__(self, engine: Engine, name: str, fingerprint: str) -> None:
        self.engine, self.name, self.fingerprint = engine, name, fingerprint
        self.known: dict[str, Floats] = {}

    def learn(self, texts: Sequence[str]) -> None:
        new = sorted(set(texts) - self.known.keys(), key=len)
        for first in range(0, len(new), 64):
            some = new[first : first + 64]
            self.known.update(zip(some, self.engine.embed(self.name, some, "query"), strict=True))

    async def embed(self, texts: Sequence[str], kind: str = "query", owner: str = "") -> Floats:
        if kind == "query":
            return np.stack([self.known[text] for text in texts])
        return self.engine.embed(self.name, texts, "passage")


class Bench:
    """A database, files and collections of their own."""

    def __init__(self, folder: Path, base: Any) -> None:
        self.database = Database(f"sqlite:///{folder / 'podion.sqlite'}")
        self.database.migrate()
        with self.database.writing() as c:
            tenants.insert(c, tenants.TenantRow(id=TENANT, name=TENANT))
        self.files, self.base = Files(folder / "files"), base
        self.collections = self.opened()

    def opened(self) -> Collections:
        return Collections(
            database=self.database,
            files=self.files,
            embed=self.base.embed,
            fingerprint=lambda: self.base.fingerprint,
            memory_bytes=4 << 30,
        )

    def put(self, sent: Sequence[Faq]) -> tuple[float, float]:
        """Keep documents, a hundred a transaction; return the CPU seconds of cutting and of keeping."""
        cutting = keeping = 0.0
        for first in range(0, len(sent), 100):
            some = sent[first : first + 100]
            started = time.process_time()
            cuts = asyncio.run(self.collections.cut_all(FAQ, some))
            cutting += time.process_time() - started
            started = time.process_time()
            with self.database.writing() as c:
                for document, cut in zip(some, cuts, strict=True):
                    row = documents.put(c, TENANT, VERTICAL, "Faq", document.id, document.model_dump(mode="json"))
                    self.collections.put(c, TENANT, VERTICAL, FAQ, row, cut)
            keeping += time.process_time() - started
        return cutting, keeping

    def search(self, query: str, k: int = 5) -> Any:
        return asyncio.run(self.collections.search(TENANT, VERTICAL, FAQ, query, k))


@contextmanager
def dense_share(share: float) -> Iterator[None]:
    """The product's search with another weight."""
    before = collection_index.DENSE_SHARE
    collection_index.DENSE_SHARE = share
    try:
        yield
    finally:
        collection_index.DENSE_SHARE = before


def normal(question: str) -> str:
    return " ".join(question.lower().split()).strip(" ?.")


def read_csv(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def halves(faqs: Sequence[Faq]) -> tuple[list[str], list[str]]:
    """The distinct questions, the tuning half and the test half."""
    first = {normal(one.question): one.question for one in reversed(faqs)}
    names = sorted(first)
    Random(SEED).shuffle(names)
    middle = len(names) // 2
    return [first[name] for name in names[:middle]], [first[name] for name in names[middle:]]


class Judge:
    """Asks the product, and keeps count of what every hit says of itself."""

    def __init__(self, bench: Bench, faqs: Sequence[Faq]) -> None:
        self.bench, self.faqs = bench, {one.id: one for one in faqs}
        self.offsets_wrong = self.hits = 0

    def places(self, questions: Sequence[str], kind: str) -> list[int]:
        """The place of the first right hit of each question, 0 the best, 99 for none among five."""
        asked = [one if kind == "clean" else disturb(one, kind, SEED) for one in questions]
        self.bench.base.learn(asked)
        return asyncio.run(self._places(questions, asked))

    async def _places(self, questions: Sequence[str], asked: Sequence[str]) -> list[int]:
        found = []
        for question, text in zip(questions, asked, strict=True):
            hits = await self.bench.collections.search(TENANT, VERTICAL, FAQ, text, 5)
            for hit in hits:
                self.hits += 1
                self.offsets_wrong += getattr(self.faqs[hit.document], hit.field)[hit.start : hit.end] != hit.quote
            same = [normal(self.faqs[hit.document].question) == normal(question) for hit in hits]
            right = (at for at, is_right in enumerate(same) if is_right)
            found.append(next(right, 99))
        return found

    def figures(self, questions: Sequence[str]) -> dict[str, Any]:
        by_kind = {kind: self.places(questions, kind) for kind in ("clean", *KINDS)}
        disturbed = [place for kind in KINDS for place in by_kind[kind]]
        return {
            "questions": len(questions),
            "clean": rates(by_kind["clean"]),
            "disturbed": rates(disturbed),
            **{kind: rates(by_kind[kind])["recall@5"] for kind in KINDS},
        }


def rates(places: Sequence[int]) -> dict[str, float]:
    return {
        "recall@1": mean(place == 0 for place in places),
        "recall@5": mean(place < 5 for place in places),
        "mrr": mean(1 / (place + 1) if place < 5 else 0.0 for place in places),
    }


def quality(bench: Bench, faqs: Sequence[Faq], strangers: Sequence[str], quick: bool) -> dict[str, Any]:
    tuning, test = halves(faqs)
    if quick:
        test = test[:120]
    judge, found = Judge(bench, faqs), {}
    for way, share in WAYS.items():
        with dense_share(share):
            found[way] = judge.figures(test)
        print(f"  {way:<8}" + "".join(cells(found[way])), flush=True)
    report: dict[str, Any] = {"test": found, "unknown": unknown(bench, test, strangers)}
    if not quick:
        report["tuning"] = {}
        for share in SHARES:
            with dense_share(share):
                report["tuning"][f"{share}"] = judge.figures(tuning[:TUNED_ON])["disturbed"]
            print(f"  tuning part, meaning weighs {share}: {report['tuning'][f'{share}']}", flush=True)
        report["all"] = judge.figures([*tuning, *test])
        print("  all     " + "".join(cells(report["all"])), flush=True)
    return {**report, "hits": judge.hits, "offsets_wrong": judge.offsets_wrong}


def cells(figures: Mapping[str, Any]) -> Iterator[str]:
    for part in ("clean", "disturbed"):
        yield "".join(f"{figures[part][name]:>8.4f}" for name in ("recall@1", "recall@5", "mrr"))
    yield "".join(f"{figures[kind]:>8.4f}" for kind in KINDS)


def unknown(bench: Bench, questions: Sequence[str], strangers: Sequence[str]) -> dict[str, float]:
    """How far the best score tells questions that the FAQ answers, disturbed, from questions about other things."""
    from sklearn.metrics import roc_auc_score

    known = [disturb(question, kind, SEED) for question in questions[:150] for kind in ("typos", "several")]
    bench.base.learn([*known, *strangers])
    scores = [bench.search(text, 1)[0].score for text in (*known, *strangers)]
    labels = [1] * len(known) + [0] * len(strangers)
    floor = float(np.quantile(scores[len(known) :], 0.95))
    print(f"  best score of strangers' questions: 95 % below {floor:.3f}", flush=True)
    return {
        "auroc": float(roc_auc_score(labels, scores)),
        "strangers_95th": floor,
        "known_above_it": mean(score > floor for score in scores[: len(known)]),
    }


def cpu(work: Callable[[], object], times: int) -> float:
    """Median CPU seconds of a call."""
    taken = []
    for _ in range(times):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return median(taken)


def word_peers(faqs: Sequence[Faq], questions: Sequence[str]) -> dict[str, Any]:
    """Quality of what one would write in an afternoon: word TF-IDF and BM25 of scikit-learn's counts."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    texts, gold = [f"{one.question} {one.answer}" for one in faqs], np.array([normal(one.question) for one in faqs])
    asked = [(question, disturb(question, kind, SEED)) for question in questions for kind in KINDS]
    counter = CountVectorizer()
    counts = counter.fit_transform(texts).astype(np.float32)
    length = np.asarray(counts.sum(1)).ravel()
    rarity = np.log((len(texts) + 1) / (np.asarray((counts > 0).sum(0)).ravel() + 0.5))
    weights = counts.tocoo()
    norm = 1.2 * (0.25 + 0.75 * length / length.mean())
    weights.data = weights.data * 2.2 / (weights.data + norm[weights.row]) * rarity[weights.col]
    scored = {"bm25_words": (weights.tocsr() @ counter.transform([text for _, text in asked]).T).toarray().T}
    tfidf = TfidfVectorizer()
    rows = tfidf.fit_transform(texts)
    scored["tfidf_words"] = (tfidf.transform([text for _, text in asked]) @ rows.T).toarray()
    report: dict[str, Any] = {}
    for name, scores in scored.items():
        order = np.argsort(-scores, axis=1)[:, :5]
        right = [(gold[top] == normal(question)) for top, (question, _) in zip(order, asked, strict=True)]
        report[name] = rates([int(one.argmax()) if one.any() else 99 for one in right])
        print(f"  {name:<12} disturbed {report[name]}", flush=True)
    return report


def vector_peers(vectors: Floats, numbers: Sequence[int], times: int) -> dict[str, Any]:
    """Ours beside brute force by numpy and scikit-learn's neighbours, in turn, over the same vectors."""
    from sklearn.neighbors import NearestNeighbors

    from podion.retrieval.index import VectorIndex

    index = VectorIndex(vectors.shape[1])
    index.add(np.array(numbers, np.int64), vectors)
    neighbours = NearestNeighbors(n_neighbors=10, metric="cosine", algorithm="brute", n_jobs=1).fit(vectors)
    random = np.random.default_rng(SEED)

    def by_numpy(query: Floats) -> Any:
        scores = vectors @ query
        top = np.argpartition(-scores, 10)[:10]
        return np.sort(scores[top])[::-1]

    ways: dict[str, Callable[[Floats], Any]] = {
        "podion": lambda query: index.search(query, 10)[1],
        "numpy": by_numpy,
        "sklearn_neighbors": lambda query: 1 - neighbours.kneighbors(query[None])[0][0],
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    agreed = 0
    for _ in range(times):
        noise = random.normal(0, 0.02, vectors.shape[1])
        query = (vectors[random.integers(len(vectors))] + noise).astype(np.float32)
        answers = []
        for name, way in ways.items():
            started = time.process_time()
            answers.append(way(query / np.linalg.norm(query)))
            taken[name].append(time.process_time() - started)
        agreed += all(np.allclose(np.sort(scores), np.sort(answers[0]), atol=1e-5) for scores in answers)
    ours = median(taken["podion"])
    peers: dict[str, Any] = {name: median(times) / ours for name, times in taken.items() if name != "podion"}
    return {
        "vectors": len(vectors),
        "dimension": vectors.shape[1],
        "search_cpu_us": ours * 1e6,
        "peer_over_podion": {**peers, "hnswlib": None},
        "same_scores": agreed / times,
        "read_gb_per_second": vectors.nbytes / ours / 1e9,
    }


def crowd(bench: Bench, rows: int, hidden: int) -> dict[str, Any]:
    """A collection of many segments: made up vectors, the FAQ's words; written, searched, loaded in both ways."""
    random = np.random.default_rng(SEED)
    words = [word for one in read_words(bench) for word in one.split()]
    pick = Random(SEED)

    def made_up() -> str:
        return " ".join(pick.choices(words, k=12))

    started = time.process_time()
    with bench.database.writing() as c:
        for first in range(0, rows, 1_000):
            fill(c, bench, first, min(1_000, rows - first), hidden, random, made_up)
    writing = time.process_time() - started
    vector = random.normal(size=hidden)
    bench.base.known["lost card abroad"] = (vector / np.linalg.norm(vector)).astype(np.float32)
    load_from_rows = seconds_of(lambda: bench.search("lost card abroad"))
    search = asyncio.run(a_search(bench, ["lost card abroad"] * 20))
    bench.collections = bench.opened()
    load_from_file = seconds_of(lambda: bench.search("lost card abroad"))

    def one_more() -> None:
        with bench.database.writing() as c:
            fill(c, bench, rows, 1, hidden, random, lambda: "one more document")

    def write_and_search() -> None:
        one_more()
        bench.search("lost card abroad")

    after_a_write = cpu(write_and_search, 5)  # each time in place of the one before
    figures = {
        "segments": rows,
        "write_cpu_us_each": writing / rows * 1e6,
        "search_cpu_ms": search * 1e3,
        "write_then_search_cpu_ms": after_a_write * 1e3,
        "load_from_rows_cpu_seconds": load_from_rows,
        "load_from_file_cpu_seconds": load_from_file,
        "file_mb": sum(path.stat().st_size for path in bench.files.root.rglob("*.npz")) / 1e6,
    }
    print(f"  {figures}", flush=True)
    return figures


def fill(
    c: Connection,
    bench: Bench,
    first: int,
    rows: int,
    hidden: int,
    random: np.random.Generator,
    text: Callable[[], str],
) -> None:
    drawn = random.normal(size=(rows, hidden))
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype("<f4")
    for at in range(rows):
        body = Faq(id=f"made-{first + at}", question=text(), answer="").model_dump()
        documents.put(c, TENANT, VERTICAL, "Faq", body["id"], body)
        collection = segments.get(c, TENANT, VERTICAL, "faq")
        assert collection is not None
        one = NewSegment(field="question", start=0, stop=len(body["question"]), vector=vectors[at].tobytes())
        segments.replace(c, collection, body["id"], bench.base.fingerprint, [one])


def read_words(bench: Bench) -> list[str]:
    with bench.database.reading() as c:
        return [row.body["question"] for row in documents.page(c, TENANT, VERTICAL, "Faq", limit=2_000)]


def seconds_of(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


async def a_search(bench: Bench, asked: Sequence[str]) -> float:
    """CPU seconds of one search among many in a row, the median; as in a server, one event loop runs them all."""
    taken = []
    for text in asked:
        started = time.process_time()
        await bench.collections.search(TENANT, VERTICAL, FAQ, text, 5)
        taken.append(time.process_time() - started)
    return median(taken)


def speed(bench: Bench, questions: Sequence[str], put: tuple[float, float], faqs: int) -> dict[str, Any]:
    with bench.database.reading() as c:
        collection = segments.get(c, TENANT, VERTICAL, "faq")
        assert collection is not None
        rows = segments.since(c, collection, 0)
    vectors = np.frombuffer(b"".join(row.vector for row in rows), "<f4").reshape(len(rows), -1)
    asked = iter([*questions] * 10)
    search = asyncio.run(a_search(bench, [next(asked) for _ in range(200)]))
    bench.collections = bench.opened()
    from_file = seconds_of(lambda: bench.search(questions[0]))
    for path in bench.files.root.rglob("index.npz"):
        path.unlink()
    bench.collections = bench.opened()
    from_rows = seconds_of(lambda: bench.search(questions[0]))
    figures = {
        "documents": faqs,
        "segments": len(rows),
        "search_cpu_us": search * 1e6,
        "embed_cpu_seconds": put[0],
        "keep_cpu_seconds": put[1],
        "added_documents_per_cpu_second": faqs / sum(put),
        "load_from_file_cpu_seconds": from_file,
        "load_from_rows_cpu_seconds": from_rows,
        "vectors_alone": vector_peers(vectors, [row.number for row in rows], 200),
    }
    print(f"  {figures}", flush=True)
    return figures


def limits() -> dict[str, float]:
    """What this machine can do at most, measured now."""
    block = np.ones(64 << 20, np.float32)
    square = np.ones((1_024, 1_024), np.float32)
    return {
        "read_gb_per_second": block.nbytes / cpu(block.sum, 5) / 1e9,
        "matmul_gflop_per_cpu_second": 2 * 1_024**3 / cpu(lambda: square @ square, 5) / 1e9,
    }


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="under a minute: one base, 120 questions, 5,000 segments")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    settings = load_settings()
    if settings.data is None:
        raise BadSettings("PODION_DATA is not set: name the folder with the public data sets")
    folder = settings.data / "customer_service"
    rows = read_csv(folder / "bank_faq.csv.gz")
    faqs = [Faq(id=f"faq-{at}", question=row["question"], answer=row["answer"]) for at, row in enumerate(rows)]
    strangers = [row["text"] for row in read_csv(folder / "clinc150_test.csv.gz") if row["oos"] == "1"][:300]
    engine = Engine(settings.bases, device=settings.device, threads=1)
    report: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions(),
        "quick": asked.quick,
        "seed": SEED,
        "limits": limits(),
        "absent": {"hnswlib": "not installed: approximate, and the exact peers bound it from above"},
        "bases": {},
    }
    sent = faqs[:300] if asked.quick else faqs
    heads = "".join(f"{name[:8]:>8}" for name in ("r@1", "r@5", "mrr", "r@1", "r@5", "mrr", *KINDS))
    for name in ("minilm-l6",) if asked.quick else ("minilm-l6", "me5-small"):
        with tempfile.TemporaryDirectory() as home:
            bench = Bench(Path(home), Base(engine, name, find_base(name, settings.bases).fingerprint))
            put = bench.put(sent)
            print(f"{name}: {len(sent)} documents; clean, then disturbed, then recall@5 by kind\n  {'':<8}{heads}")
            figures = quality(bench, sent, strangers, asked.quick)
            figures["speed"] = speed(bench, halves(sent)[1][:100], put, len(sent))
            if name == "minilm-l6":
                figures["words"] = word_peers(sent, halves(sent)[1])
                figures["many"] = crowd(bench, 5_000 if asked.quick else 50_000, 384)
            bench.database.close()
        report["bases"][name] = figures
    worst = min(one["test"]["hybrid"]["disturbed"]["recall@5"] for one in report["bases"].values())
    wrong = sum(one["offsets_wrong"] for one in report["bases"].values())
    report |= {"recall_at_5_disturbed": worst, "offsets_wrong": wrong, "target": TARGET}
    print(f"disturbed recall@5 {worst:.4f} (target {TARGET}), offsets wrong {wrong}")
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if worst >= TARGET and wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
