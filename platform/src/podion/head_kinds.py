"""The ready-made heads of the task library as declarations, and a plugin's own by import path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from podion.answers import Answer, ContributionsAnswer, LabelAnswer, LabelsAnswer, NumberAnswer, SpanAnswer

PARTED = "\ufdd0"
"""Stands between the two texts of a pair that are read as one: a code point that never becomes a character."""


@dataclass(frozen=True)
class LabelHead:
    """One label a text, out of the labels that the dataset version holds.

    With `words`, the head also reads which words and character sequences stand in the text: what a small base model
    does not know of a trade's vocabulary, they do.
    """

    words: bool = False
    answer: type[Answer] = LabelAnswer

    @property
    def implementation(self) -> str:
        """Where the head that computes is."""
        return "podion.hosting.word_heads:WordedClassifier" if self.words else "podion.hosting.heads:LabelClassifier"


@dataclass(frozen=True)
class MultiLabelHead:
    """Any number of labels a text; the label field holds a list. Each label has a threshold of its own."""

    implementation: str = "podion.hosting.multi_label:MultiLabelClassifier"
    answer: type[Answer] = LabelsAnswer


@dataclass(frozen=True)
class OrdinalHead:
    """One label a text out of labels in an order, which the task declares from low to high."""

    implementation: str = "podion.hosting.ordinal:OrdinalClassifier"
    answer: type[Answer] = LabelAnswer


@dataclass(frozen=True)
class RegressionHead:
    """A number a text, with the interval that holds it nine times in ten; the label field holds a float."""

    implementation: str = "podion.hosting.regression:Regressor"
    answer: type[Answer] = NumberAnswer


@dataclass(frozen=True)
class PairHead:
    """One label a pair of texts: whether two questions ask the same, what a passage answers to a question.

    `first` and `second` name the record's fields, or properties, that hold them, in place of `Task.text`. The base
    model reads both in one pass, in which every token sees those of either text; how much of their wording they share
    the head reads beside and, with `words`, which words and character sequences stand in one of them alone.
    """

    first: str = "query1"
    second: str = "query2"
    words: bool = True
    answer: type[Answer] = LabelAnswer

    @property
    def implementation(self) -> str:
        """Where the head that computes is."""
        return f"podion.hosting.pair_heads:{'WordedPairClassifier' if self.words else 'PairClassifier'}"

    def parts(self, record: object) -> tuple[str, str]:
        """Return both texts of a record, each without `PARTED`; empty for one that is None."""
        first, second = (str(getattr(record, name) or "").replace(PARTED, " ") for name in (self.first, self.second))
        return first, second

    def joined(self, record: object) -> str:
        """Return both texts as the one that the base model reads; empty where neither says anything."""
        first, second = self.parts(record)
        return f"{first}{PARTED}{second}" if first.strip() or second.strip() else ""


@dataclass(frozen=True)
class SpanHead:
    """Marked stretches of a text (BIO tags over tokens); the label field holds a list of `Span`.

    Of spans that overlap, the longest alone is learned and answered; with `nested`, that goes for spans of one label,
    and those of different labels may lie within one another. With `words`, which goes with `nested`, the head also
    reads words in their surroundings: what a small base model does not know of a trade's vocabulary, they do. Raises
    `ValueError` for `words` alone.
    """

    nested: bool = False
    words: bool = False
    answer: type[Answer] = SpanAnswer

    def __post_init__(self) -> None:
        if self.words and not self.nested:
            raise ValueError("SpanHead(words=True) reads nested spans: declare SpanHead(nested=True, words=True)")

    @property
    def implementation(self) -> str:
        """Where the head that computes is."""
        if self.words:
            return "podion.hosting.worded_spans:WordedSpanTagger"
        return "podion.hosting.nested_spans:NestedSpanTagger" if self.nested else "podion.hosting.heads:SpanTagger"


@dataclass(frozen=True)
class TabularHead:
    """One label a record, out of every field that is not the text, the label or sensitive; and of the text, if any.

    Numbers are read by quantiles, categories by name, a missing value and a special code each as what it is.
    """

    implementation: str = "podion.hosting.tabular_heads:TabularClassifier"
    answer: type[Answer] = LabelAnswer


@dataclass(frozen=True)
class AdditiveHead:
    """One of two labels a record, out of what a `TabularHead` reads, and with the answer the sum that made it.

    Every column adds its share of the log-odds, some pairs of columns one of their own, and the text one more. More of
    a column that is `monotone` never makes the label that the task looks for less probable (1), or more (-1); a column
    that the training records do not have is passed over. Others are held to a direction where the records show one.
    """

    monotone: Mapping[str, Literal[1, -1]] = field(default_factory=dict)
    implementation: str = "podion.hosting.additive_heads:AdditiveClassifier"
    answer: type[Answer] = ContributionsAnswer


@dataclass(frozen=True)
class OwnHead:
    """A head of the plugin's own, named by import path; `Task` makes one of a plain string."""

    implementation: str
    answer: type[Answer] = LabelAnswer


TableHead = TabularHead | AdditiveHead
"""What reads the columns of a record."""

ReadyMade = LabelHead | MultiLabelHead | OrdinalHead | PairHead | RegressionHead | SpanHead | TabularHead | AdditiveHead
HeadDeclaration = ReadyMade | OwnHead

READY_MADE: frozenset[str] = frozenset(
    head.implementation
    for head in (
        LabelHead(),
        LabelHead(words=True),
        MultiLabelHead(),
        OrdinalHead(),
        PairHead(),
        PairHead(words=False),
        RegressionHead(),
        SpanHead(),
        SpanHead(nested=True),
        SpanHead(nested=True, words=True),
        TabularHead(),
        AdditiveHead(),
    )
)
"""The import paths of the heads that the platform brings."""
