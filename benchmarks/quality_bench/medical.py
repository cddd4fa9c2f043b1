"""Medical texts and pairs by Podion's heads, and by what is usual: `quality.py --vertical medical`.

Every figure is of rows that neither taught nor chose anything: of the methods of a case, the one that does best on
validation inside train is the one that has to reach the target.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import mean
from typing import Any

import numpy as np
from pydantic import BaseModel
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from podion.data.reading import LOCAL, read_rows
from podion.data.records import validate_values
from podion.data.rows import Row
from podion.data.splits import split_rows
from podion.errors import DataError
from podion.finetuning.calibration import ece_noise_95, expected_calibration_error
from podion.finetuning.examples import folds_of
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.finetuning.scoring import answer_all, served_batches
from podion.head_kinds import LabelHead, PairHead
from podion.hosting.encoder import Encoder
from podion.hosting.head_loading import load_head
from podion.vertical import Method, Task
from quality_bench.recalled import Recalled
from quality_bench.sentiment import support_vectors

SHOWN = ("accuracy", "macro_f1", "ece", "ece_noise_95", "brier")
ECE_ROOM = 0.01
SPLIT_SEED = 2026
FOLDER = "medical"
SVM, MAJORITY = "linear SVM on words", "the commonest label"
VECTORS = "vectors alone, logistic"
COVERAGES = (1.0, 0.8, 0.6, 0.4, 0.2)


@dataclass(frozen=True, kw_only=True)
class MedicalCase:
    """One data set: how each method does on its test file, or on a fifth of it, beside what is usual.

    The fifth is what `podion split --test 0.2 --seed 2026` splits off, by whole groups of the column `group` where
    there is one. Methods are known by name, each as a method of fine-tuning and a base model.
    """

    name: str
    task: str
    train: str
    methods: Mapping[str, tuple[str, str]]
    test: str | None = None
    group: str | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    quick: bool = False

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures of each method and of what is usual; a quick run is of the first method alone."""
        _, task = bench.catalogue.task(f"{FOLDER}/{self.task}")
        train, test = self._parts(bench, task)
        methods = dict(list(self.methods.items())[:1]) if quick else self.methods
        results = {name: fitted(bench, task, *how, train, test) for name, how in methods.items()}
        by_method = {name: figures(result) for name, result in results.items()}
        best = max(by_method, key=lambda name: by_method[name]["validation"])
        usual = {MAJORITY: majority(task, train, test), SVM: words_alone(task, train, test)}
        if not quick:
            base = next(iter(self.methods.values()))[1]
            usual[VECTORS] = figures(fitted(bench, without_words(task), "head", base, train, test))
        missed = [] if quick else list(missing(by_method[best], self.targets))
        return {"methods": by_method, "best_on_validation": best, "usual": usual, "missed": missed}

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield from table(found, self.targets)

    def _parts(self, bench: Any, task: Task) -> tuple[list[BaseModel], list[BaseModel]]:
        records = records_of(bench, task, self.train)
        if self.test:
            return records, records_of(bench, task, self.test)
        labels = [str(getattr(record, task.label)) for record in records]
        groups = [getattr(record, self.group) for record in records] if self.group else None
        rule = replace(task.split, group=self.group, time=None)
        kept, taken = split_rows(labels, groups, share=0.2, seed=SPLIT_SEED, rule=rule)
        return [records[place] for place in kept], [records[place] for place in taken]


@dataclass(frozen=True, kw_only=True)
class FoldedCase:
    """Questions over a passage, each answered by a head that learned from nine tenths of the others.

    `evidence` are the columns that stand for the passage, by the name of the variant; the first has to reach the
    target. The question alone, and each passage alone, say how much of the answer can be guessed.
    """

    name: str
    train: str
    base: str
    evidence: Mapping[str, str]
    folds: int = 10
    targets: Mapping[str, float] = field(default_factory=dict)
    quick: bool = False

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures of every variant and the coverage-risk curve of the first."""
        _, task = bench.catalogue.task(f"{FOLDER}/answer")
        methods, usual, missed = {}, {}, []
        for variant, column in self.evidence.items():
            records = records_of(bench, task, self.train, {"context": column})
            methods[f"question and {variant}"] = self._folded(bench, task, records)
            if quick:
                break
            alone = replace(task, head=LabelHead(words=True), text="context")
            usual[f"{variant} alone"] = self._folded(bench, alone, records)
            usual[f"{SVM}, {variant}"] = self._usual(task, records)
            if len(methods) == 1:
                usual["question alone"] = self._folded(bench, replace(alone, text="question"), records)
                usual[f"{VECTORS}, {variant}"] = self._folded(bench, without_words(task), records)
                usual[MAJORITY] = majority(task, records, records)
        best = next(iter(methods))
        if not quick:
            missed = list(missing(methods[best], self.targets))
            curve = methods[best]["risk_at_coverage"]
            if not curve[f"{COVERAGES[-1]}"] < curve[f"{COVERAGES[0]}"] or not methods[best]["curve_falls"]:
                missed.append(f"the coverage-risk curve does not fall: {curve}")
        return {"methods": methods, "best_on_validation": best, "usual": usual, "missed": missed}

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield from table(found, self.targets)
        for name, figures in found["methods"].items():
            told = ", ".join(f"{float(share):.0%} {risk:.3f}" for share, risk in figures["risk_at_coverage"].items())
            yield f"  errors among the surest, {name}: {told}"

    def _folded(self, bench: Any, task: Task, records: Sequence[BaseModel]) -> dict[str, Any]:
        """What heads answer to the records that they did not see: means over folds, calibration over all of them."""
        encoder = Recalled(bench.encoder(self.base))  # every fold reads the same texts
        folds = folds_of(task, records, self.folds, SPLIT_SEED)
        scored, confidences, right, seconds = [], [], [], 0.0
        for fold in range(self.folds):
            train = [records[int(place)] for place in np.flatnonzero(folds != fold)]
            test = [records[int(place)] for place in np.flatnonzero(folds == fold)]
            result = fitted(bench, task, "head", encoder, train, test)
            scored.append(result.metrics["test"])
            seconds += result.cpu_seconds
            parts = result.parts
            head = load_head(parts.head, parts.head_tensors, encoder.device)
            batches = served_batches(encoder, head, task, test, None, parts.head.cut)
            for answer, record in zip(answer_all(head, batches, parts.calibration).answers, test, strict=True):
                confidences.append(answer.confidence)
                right.append(getattr(answer, "label", None) == getattr(record, task.label))
        sure, hit = np.array(confidences), np.array(right)
        curve = risks(sure, hit)
        return {
            "accuracy": mean(one["accuracy"] for one in scored),
            "macro_f1": mean(one["macro_f1"] for one in scored),
            "brier": mean(one["brier"] for one in scored),
            "ece": expected_calibration_error(sure, hit),
            "ece_noise_95": ece_noise_95(sure),
            "accuracy_by_fold": [one["accuracy"] for one in scored],
            "risk_at_coverage": {f"{share}": risk for share, risk in curve.items()},
            "curve_falls": all(later <= sooner + 0.02 for sooner, later in pairwise(curve.values())),
            "cpu_seconds": seconds,
        }

    def _usual(self, task: Task, records: Sequence[BaseModel]) -> dict[str, Any]:
        folds = folds_of(task, records, self.folds, SPLIT_SEED)
        found = [
            words_alone(
                task,
                [records[int(place)] for place in np.flatnonzero(folds != fold)],
                [records[int(place)] for place in np.flatnonzero(folds == fold)],
            )
            for fold in range(self.folds)
        ]
        return {name: mean(one[name] for one in found) for name in found[0]}


def cases() -> list[Any]:
    """Return what is measured of texts and pairs; others have modules of their own."""
    both = {"head": ("head", "me5-small"), "lora": ("lora", "me5-small")}
    return [
        MedicalCase(
            name="kuake_qic",
            task="question_intent",
            train="kuake_qic_train_zh.csv.gz",
            test="kuake_qic_test_zh.csv",
            methods=both,
            targets={"accuracy": 0.80},
        ),
        MedicalCase(
            name="kuake_qqr",
            task="match",
            train="kuake_qqr_train_zh.csv.gz",
            test="kuake_qqr_test_zh.csv",
            methods=both,
            targets={"accuracy": 0.79},
        ),
        MedicalCase(
            name="medical_abstracts",
            task="document_class",
            train="medical_abstracts.csv.gz",
            group="text",
            methods={"head": ("head", "minilm-l6"), "head, me5-small": ("head", "me5-small")},
            targets={"accuracy": 0.60},
        ),
        FoldedCase(
            name="pubmedqa",
            train="pubmedqa_train.csv.gz",
            base="me5-small",
            evidence={"long answer": "answer", "abstract": "context"},
            targets={"accuracy": 0.62},
        ),
        MedicalCase(
            name="symptom2disease",
            task="diagnosis",
            train="symptom2disease.csv.gz",
            methods={"head": ("head", "minilm-l6")},
            targets={"accuracy": 0.97},
            quick=True,
        ),
    ]


def records_of(bench: Any, task: Task, file: str, rename: Mapping[str, str] | None = None) -> list[BaseModel]:
    """Return the records of a data file; columns are renamed as by `--map field=column`."""
    with (bench.data / FOLDER / file).open("rb") as source:
        rows = [row for row in read_rows(source, limits=LOCAL, rename=rename or {}) if isinstance(row, Row)]
    read = [validate_values(task, row.values, row.line) for row in rows]
    records = [record for record in read if isinstance(record, BaseModel)]
    if not records:
        raise DataError(f"{file}: no row fits the records of {task.name}")
    return records


def fitted(
    bench: Any, task: Task, method: str, base: str | Encoder, train: Sequence[BaseModel], test: Sequence[BaseModel]
) -> FitResult:
    """Return an adapter by the code of runs and of the command line, measured on `test`."""
    encoder = bench.encoder(base) if isinstance(base, str) else base
    request = FitRequest(
        task=task,
        task_name=f"{FOLDER}/{task.name}",
        method=Method(method),
        train=train,
        test=test,
        base=encoder.base,
    )
    return fit(request, encoder, progress=bench.say)


def without_words(task: Task) -> Task:
    """Return the task with a head that reads no words."""
    head = task.head
    return replace(task, head=replace(head, words=False)) if isinstance(head, LabelHead | PairHead) else task


def figures(result: FitResult) -> dict[str, Any]:
    """Return what is told of an adapter."""
    test, validation = result.metrics["test"], result.metrics["validation"]
    return {
        **{name: test[name] for name in SHOWN if isinstance(test.get(name), int | float)},
        "validation": validation.get("accuracy", 0.0),
        "trained": str(result.method),
        "rows": dict(result.rows),
        "trainable_parameters": result.trainable_parameters,
        "standard_error": test.get("standard_error"),
        "cpu_seconds": result.cpu_seconds,
        "wall_seconds": result.seconds,
    }


def missing(found: Mapping[str, Any], targets: Mapping[str, float]) -> Iterator[str]:
    """Yield the targets that are not reached."""
    for name, floor in targets.items():
        if found[name] < floor:
            yield f"{name} {found[name]:.4f} < {floor}"
    if "ece" in found and found["ece"] > found["ece_noise_95"] + ECE_ROOM:
        yield f"ece {found['ece']:.4f} > {found['ece_noise_95']:.4f} + {ECE_ROOM}"


def table(found: Mapping[str, Any], targets: Mapping[str, float], width: int = 40) -> Iterator[str]:
    """Yield a line a method; what has to reach the targets says so."""
    yield f"  {'':<{width}}{''.join(f'{name[:8]:>9}' for name in SHOWN)}{'cpu s':>8}  target"
    for name, told in {**found["usual"], **found["methods"]}.items():
        cells = "".join(f"{told[each]:>9.4f}" if each in told else f"{'':>9}" for each in SHOWN)
        floors = ", ".join(f"{each} ≥ {floor}" for each, floor in targets.items())
        yield f"  {name:<{width}}{cells}{told.get('cpu_seconds', 0):>8.0f}  " + (
            floors if name == found["best_on_validation"] else ""
        )
    yield from (f"  MISSED {missed}" for missed in found["missed"])


def risks(confidences: Any, right: Any) -> dict[float, float]:
    """Return the share of errors among the surest answers, by the share of all that they are."""
    order = np.argsort(-confidences, kind="stable")
    return {share: float(1 - right[order[: max(1, round(share * len(order)))]].mean()) for share in COVERAGES}


def majority(task: Task, train: Sequence[BaseModel], test: Sequence[BaseModel]) -> dict[str, Any]:
    """Return how often the commonest label of the training records is right."""
    labels = [getattr(record, task.label) for record in train]
    commonest = max(sorted(set(labels)), key=labels.count)
    return {"accuracy": mean(getattr(record, task.label) == commonest for record in test)}


def words_alone(task: Task, train: Sequence[BaseModel], test: Sequence[BaseModel]) -> dict[str, Any]:
    """Return what a linear support vector machine makes of words and characters; of a pair, and of what it shares."""
    truth, labels = ([str(getattr(record, task.label)) for record in part] for part in (test, train))
    if not isinstance(task.head, PairHead):
        return support_vectors([task.reads(r) for r in train], labels, [task.reads(r) for r in test], truth)
    head = task.head
    pairs = [[head.parts(record) for record in part] for part in (train, test)]
    counts = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
    counts.fit([text for pair in pairs[0] for text in pair])
    rows = [_agreement(*(counts.transform([pair[side] for pair in part]) for side in (0, 1))) for part in pairs]
    answered = LinearSVC(C=0.5).fit(rows[0], labels).predict(rows[1])
    return _scored(truth, answered)


def _agreement(first: Any, second: Any) -> Any:
    """Both texts, what they share, and how much that is."""
    shared = first.multiply(second)
    return sparse.hstack([first, second, shared, abs(first - second), sparse.csr_matrix(shared.sum(1))]).tocsr()


def _scored(truth: Sequence[str], answered: Any) -> dict[str, Any]:
    from sklearn.metrics import accuracy_score, f1_score

    score: Callable[..., float] = f1_score
    return {"accuracy": accuracy_score(truth, answered), "macro_f1": score(truth, answered, average="macro")}
