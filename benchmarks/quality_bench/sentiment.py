"""Sentiment by Podion's heads, and by what is usual on the same rows: `quality.py --vertical sentiment_monitor`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from podion.data.labels import label_names
from podion.data.reading import LOCAL, read_rows
from podion.data.records import validate_values
from podion.data.rows import Row
from podion.data.splits import split_rows
from podion.errors import DataError
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.head_kinds import LabelHead
from podion.vertical import Method, Task

SHOWN = ("accuracy", "macro_f1", "ece", "ece_noise_95", "exact", "conflicting_accuracy", "pearson", "mae")
ECE_ROOM = 0.01
SPLIT_SEED = 2026
SVM, PLAIN = "linear SVM on words", "vectors alone, logistic"
FOLDER = "sentiment_monitor"


@dataclass(frozen=True, kw_only=True)
class SentimentCase:
    """One data set: how each method does on its test file, or on a stratified fifth, beside what is usual.

    `targets` must be reached by one of the methods, which is the one that does best on validation: what a person gets
    who asks for `auto`.
    """

    name: str
    task: str
    base: str
    train: str
    test: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    methods: tuple[str, ...] = ("head",)
    targets: Mapping[str, float] = field(default_factory=dict)
    other_seeds: tuple[int, ...] = ()
    quick: bool = False

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures of each method and of what is usual; a quick run is of the frozen base alone."""
        _, task = bench.catalogue.task(f"{FOLDER}/{self.task}")
        train, test = self._parts(bench, task)
        methods = self.methods[:1] if quick else self.methods
        results = {method: self._fit(bench, task, method, train, test) for method in methods}
        by_method = {method: _figures(result) for method, result in results.items()}
        best = max(by_method, key=lambda method: by_method[method]["validation"])
        usual = self._usual(bench, task, train, test)
        missed = [] if quick else list(self._missed(by_method[best]))
        return {
            "methods": by_method,
            "best_on_validation": best,
            "usual": usual,
            "other_splits": [] if quick else [self._elsewhere(bench, task, best, seed) for seed in self.other_seeds],
            "missed": missed,
        }

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield f"  {'':<26}{''.join(f'{name[:8]:>9}' for name in SHOWN)}{'cpu s':>8}  target"
        for name, figures in {**found["usual"], **found["methods"]}.items():
            cells = "".join(f"{figures[each]:>9.4f}" if each in figures else f"{'':>9}" for each in SHOWN)
            chosen = name == found["best_on_validation"]
            told = ", ".join(f"{each} ≥ {floor}" for each, floor in self.targets.items()) if chosen else ""
            yield f"  {name:<26}{cells}{figures.get('cpu_seconds', 0):>8.0f}  {told}"
        for method in (SVM, found["best_on_validation"]) if found["other_splits"] else ():
            each = [figures[method] for figures in found["other_splits"]]
            values = (f"{name} {', '.join(f'{own[name]:.4f}' for own in each)}" for name in self.targets)
            yield f"  on {len(each)} other splits {method}: {'; '.join(values)}"
        yield from (f"  MISSED {missed}" for missed in found["missed"])

    def _elsewhere(self, bench: Any, task: Task, method: str, seed: int) -> dict[str, dict[str, Any]]:
        """The figures where other rows are taken out for the test: how far a split's luck reaches."""
        train, test = self._parts(bench, task, seed)
        return {
            SVM: support_vectors(*_labelled(task, train), *_labelled(task, test)),
            method: _figures(self._fit(bench, task, method, train, test)),
        }

    def _missed(self, figures: Mapping[str, Any]) -> Iterator[str]:
        for name, floor in self.targets.items():
            if figures[name] < floor:
                yield f"{name} {figures[name]:.4f} < {floor}"
        if "ece" in figures and figures["ece"] > figures["ece_noise_95"] + ECE_ROOM:
            yield f"ece {figures['ece']:.4f} > {figures['ece_noise_95']:.4f} + {ECE_ROOM}"

    def _fit(
        self, bench: Any, task: Task, method: str, train: Sequence[BaseModel], test: Sequence[BaseModel]
    ) -> FitResult:
        encoder = bench.encoder(self.base)
        request = FitRequest(
            task=task,
            task_name=f"{FOLDER}/{task.name}",
            method=Method(method),
            train=train,
            test=test,
            base=encoder.base,
        )
        return fit(request, encoder, progress=bench.say)

    def _usual(
        self, bench: Any, task: Task, train: Sequence[BaseModel], test: Sequence[BaseModel]
    ) -> dict[str, dict[str, Any]]:
        if self.task == "sentiment":
            plain = self._fit(bench, replace(task, head=LabelHead()), "head", train, test)
            return {
                SVM: support_vectors(*_labelled(task, train), *_labelled(task, test)),
                PLAIN: _figures(plain),
            }
        if self.task == "entity_sentiment":  # whoever reads the text alone gives all of its entities one sentiment
            return {SVM: support_vectors(*_towards(train), *_towards(test))}
        return {}

    def _parts(self, bench: Any, task: Task, seed: int = SPLIT_SEED) -> tuple[list[BaseModel], list[BaseModel]]:
        records = self._records(bench, task, self.train)
        if self.test:
            return records, self._records(bench, task, self.test)
        labels = [",".join(sorted(set(label_names(getattr(record, task.label))))) for record in records]
        kept, taken = split_rows(labels, share=0.2, seed=seed)
        return [records[place] for place in kept], [records[place] for place in taken]

    def _records(self, bench: Any, task: Task, file: str) -> list[BaseModel]:
        with (bench.data / FOLDER / file).open("rb") as source:
            rows = [row for row in read_rows(source, limits=LOCAL, rename=self.rename) if isinstance(row, Row)]
        read = [validate_values(task, row.values, row.line) for row in rows]
        records = [record for record in read if isinstance(record, BaseModel)]
        if not records:
            raise DataError(f"{file}: no row fits the records of {task.name}")
        return records


def cases() -> list[SentimentCase]:
    """Return what is measured of the vertical."""
    both = ("head", "lora")
    phrases = SentimentCase(
        name="financial_phrasebank",
        task="sentiment",
        base="minilm-l6",
        train="financial_phrasebank.csv.gz",
        methods=both,
        targets={"accuracy": 0.85, "macro_f1": 0.82},
        other_seeds=(0, 1),
        quick=True,
    )
    tweets = replace(
        phrases,
        name="twitter_financial_news",
        train="twitter_financial_news_train.csv.gz",
        test="twitter_financial_news_test.csv",
        targets={"accuracy": 0.86},
        other_seeds=(),
        quick=False,
    )
    chinese = replace(
        phrases,
        name="zh_financial_news",
        base="me5-small",
        train="zh_financial_news_train.csv.gz",
        test="zh_financial_news_test.csv.gz",
        methods=("head",),
        targets={"accuracy": 0.935},
        other_seeds=(),
        quick=False,
    )
    reviews = replace(chinese, test=None, targets={"accuracy": 0.90}, methods=both)
    return [
        phrases,
        tweets,
        chinese,
        replace(reviews, name="waimai", train="waimai_10k.csv.gz"),
        replace(reviews, name="chnsenticorp", train="chnsenticorp_hotel.csv.gz"),
        SentimentCase(
            name="sentfin",
            task="entity_sentiment",
            base="minilm-l6",
            train="sentfin_entities.jsonl.gz",
            methods=both,
            targets={"accuracy": 0.85},
        ),
        SentimentCase(
            name="fiqa intensity",
            task="intensity",
            base="me5-small",
            train="fiqa_train.csv",
            test="fiqa_test.csv",
            rename={"label": "score"},
            quick=True,
        ),
        SentimentCase(
            name="airline topics",
            task="topic",
            base="minilm-l6",
            train="airline_tweets.csv.gz",
            rename={"label": "topic"},
        ),
    ]


def support_vectors(
    texts: Sequence[str], labels: Sequence[str], others: Sequence[str], truth: Sequence[str]
) -> dict[str, Any]:
    """Return what a linear support vector machine on words and characters (tf-idf) makes of other texts."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"(?u)\b\w+\b")
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
    machine = make_pipeline(make_union(words, characters), LinearSVC(C=0.5)).fit(texts, labels)
    answered = machine.predict(others)
    return {"accuracy": accuracy_score(truth, answered), "macro_f1": f1_score(truth, answered, average="macro")}


def _figures(result: FitResult) -> dict[str, Any]:
    test, validation = result.metrics["test"], result.metrics["validation"]
    primary: Callable[[str], Any] = validation.get
    return {
        **{name: test[name] for name in SHOWN if isinstance(test.get(name), int | float)},
        "validation": primary("accuracy") or primary("macro_f1") or 0.0,
        "trained": str(result.method),
        "rows": dict(result.rows),
        "trainable_parameters": result.trainable_parameters,
        "standard_error": test.get("standard_error"),
        "cpu_seconds": result.cpu_seconds,
        "wall_seconds": result.seconds,
    }


def _labelled(task: Task, records: Sequence[BaseModel]) -> tuple[list[str], list[str]]:
    return [task.reads(record) for record in records], [str(getattr(record, task.label)) for record in records]


def _towards(records: Sequence[Any]) -> tuple[list[str], list[str]]:
    """A text and a label for each entity."""
    pairs = [(record.text, each.sentiment) for record in records for each in record.label or ()]
    return [text for text, _ in pairs], [sentiment for _, sentiment in pairs]
