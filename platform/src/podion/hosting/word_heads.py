"""The ready-made head that reads words beside vectors: one label a text."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from torch import Tensor

from podion.answers import LabelAnswer
from podion.hosting.heads import LabelClassifier
from podion.nn import Head, LabelSpace, Scores, States
from podion.nn.words import WordScores

SAID = "said_by_words"
"""What the head's features are called."""


class WordedClassifier(Head[BaseModel, LabelAnswer]):
    """One label a text: what a `LabelClassifier` says of its vectors, and what its words say, added, [rows, labels].

    `words` is the number of words and character sequences that count. `text` names the field, or property, of the
    record that is read.
    """

    def __init__(
        self, hidden_size: int, label_space: LabelSpace, *, cut: int | None = None, words: int = 0, text: str = "text"
    ) -> None:
        super().__init__(hidden_size, label_space)
        self._cut, self._text = cut, text
        self._honest: Tensor | None = None
        self.plain = LabelClassifier(hidden_size, label_space, cut=cut)
        self.words = WordScores(len(label_space), words)

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, labels]."""
        logits: Tensor = self.plain(states) + states.features[SAID]
        return logits

    def fit_features(self, records: Sequence[BaseModel]) -> None:
        """Learn what words say, from the records that have one of our labels."""
        texts = self._texts(records)
        self._honest = self.words.fit(texts, self.label_space.targets(records), groups=texts)

    def features(self, records: Sequence[BaseModel]) -> dict[str, Tensor]:
        """Return what the words of each record's text say, [rows, labels]; zeros where none of them is known."""
        return {SAID: self.words(self._texts(records))}

    def training_features(self, records: Sequence[BaseModel], taught: int) -> dict[str, Tensor]:
        """Return the same, but of the records that taught what their words would say if they had not."""
        said = self.words(self._texts(records))
        if self._honest is not None:
            said[:taught] = self._honest
        return {SAID: said}

    def options(self) -> dict[str, Any]:
        """Return how to build this head again."""
        return {"cut": self._cut, "words": self.words.words, "text": self._text}

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the mean cross entropy of the records that have one of our labels; 0 where none has."""
        return self.plain.loss(logits, records)

    def decode(self, scores: Scores) -> list[LabelAnswer]:
        """Return the most probable label of each row, its probability as confidence, and up to 3 runners-up."""
        return self.plain.decode(scores)

    def _texts(self, records: Sequence[BaseModel]) -> list[str]:
        return [str(getattr(record, self._text) or "") for record in records]
