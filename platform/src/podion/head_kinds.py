"""The ready-made heads of the task library as declarations, and a plugin's own by import path."""

from dataclasses import dataclass

from podion.answers import Answer, LabelAnswer, LabelsAnswer, NumberAnswer, SpanAnswer


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
class SpanHead:
    """Marked stretches of a text (BIO tags over tokens); the label field holds a list of `Span`."""

    implementation: str = "podion.hosting.heads:SpanTagger"
    answer: type[Answer] = SpanAnswer


@dataclass(frozen=True)
class TabularHead:
    """One label a record, out of every field that is not the text, the label or sensitive; and of the text, if any.

    Numbers are read by quantiles, categories by name, a missing value and a special code each as what it is.
    """

    implementation: str = "podion.hosting.tabular_heads:TabularClassifier"
    answer: type[Answer] = LabelAnswer


@dataclass(frozen=True)
class OwnHead:
    """A head of the plugin's own, named by import path; `Task` makes one of a plain string."""

    implementation: str
    answer: type[Answer] = LabelAnswer


ReadyMade = LabelHead | MultiLabelHead | OrdinalHead | RegressionHead | SpanHead | TabularHead
HeadDeclaration = ReadyMade | OwnHead

READY_MADE: frozenset[str] = frozenset(
    head.implementation
    for head in (
        LabelHead(),
        LabelHead(words=True),
        MultiLabelHead(),
        OrdinalHead(),
        RegressionHead(),
        SpanHead(),
        TabularHead(),
    )
)
"""The import paths of the heads that the platform brings."""
