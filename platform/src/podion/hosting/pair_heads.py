"""The ready-made heads that read two texts: one label a pair."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion.answers import LabelAnswer
from podion.head_kinds import PairHead
from podion.hosting.heads import label_loss
from podion.hosting.label_decoding import most_probable
from podion.hosting.shared_wording import WIDTH, shared_wording
from podion.hosting.word_heads import SAID
from podion.nn import Head, LabelSpace, Scores, States
from podion.nn.word_differences import differences_in
from podion.nn.words import WordScores

SECOND, WORDING = "second_begins", "shared_wording"
"""What the head's features are called."""


class PairClassifier(Head[BaseModel, LabelAnswer]):
    """One label a pair of texts that were read together: a linear layer, [rows, labels].

    It reads the mean state of all tokens, that of either part's tokens, how the two differ and agree in each dimension,
    with `cut` the mean state of all tokens at that layer, and how much of their wording they share. `first` and
    `second` name the fields, or properties, of the record that hold the texts.
    """

    reads_tokens = True

    def __init__(
        self,
        hidden_size: int,
        label_space: LabelSpace,
        *,
        first: str = "query1",
        second: str = "query2",
        cut: int | None = None,
    ) -> None:
        super().__init__(hidden_size, label_space)
        self.reads_cut = cut is not None
        self._cut, self._pair = cut, PairHead(first, second)
        self.linear = nn.Linear((6 if self.reads_cut else 5) * hidden_size + WIDTH, len(label_space))

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, labels]."""
        logits: Tensor = self.linear(self.vectors(states))
        return logits

    def vectors(self, states: States) -> Tensor:
        """Return what the linear layer reads, [rows, width]; zeros for a part without tokens."""
        begins = states.features[SECOND][:, None]
        is_second = states.offsets[:, :, 0] >= begins
        first, second = _part(states, states.mask & ~is_second), _part(states, states.mask & is_second)
        agreed = first * second * self.hidden_size**0.5  # of about the size of what stands beside it
        last = functional.normalize(states.pooled, dim=-1)
        return torch.cat([last, first, second, (first - second).abs(), agreed, self.unadapted(states)], dim=-1)

    def unadapted(self, states: States) -> Tensor:
        """Return the end of what the linear layer reads: all that an adapter above the cut does not change."""
        lower = [functional.normalize(states.lower, dim=-1)] if self.reads_cut and states.lower is not None else []
        return torch.cat([*lower, states.features[WORDING]], dim=-1)

    def features(self, records: Sequence[BaseModel]) -> dict[str, Tensor]:
        """Return where the second text begins in what the base reads, [rows], and the shared wording, [rows, 13]."""
        pairs = [self._pair.parts(record) for record in records]
        wording = np.stack([shared_wording(*pair) for pair in pairs]) if pairs else np.zeros((0, WIDTH), np.float32)
        begins = [len(first) + 1 for first, _ in pairs]
        return {SECOND: torch.tensor(begins, dtype=torch.long), WORDING: torch.from_numpy(wording)}

    def options(self) -> dict[str, Any]:
        """Return how to build this head again."""
        return {"cut": self._cut, "first": self._pair.first, "second": self._pair.second}

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the mean cross entropy of the records that have one of our labels; 0 where none has."""
        return label_loss(logits, self.label_space.targets(records))

    def decode(self, scores: Scores) -> list[LabelAnswer]:
        """Return the most probable label of each row, its probability as confidence, and up to 3 runners-up."""
        return most_probable(self.label_space, scores)


class WordedPairClassifier(Head[BaseModel, LabelAnswer]):
    """One label a pair of texts: what a `PairClassifier` says of it, and what the words that one part alone has say.

    `words` is the number of words and character sequences that count; the other keywords are those of the plain head.
    """

    reads_tokens = True

    def __init__(
        self,
        hidden_size: int,
        label_space: LabelSpace,
        *,
        first: str = "query1",
        second: str = "query2",
        cut: int | None = None,
        words: int = 0,
    ) -> None:
        super().__init__(hidden_size, label_space)
        self._pair = PairHead(first, second)
        self._honest: Tensor | None = None
        self.plain = PairClassifier(hidden_size, label_space, first=first, second=second, cut=cut)
        self.words = WordScores(len(label_space), words, differences_in)

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, labels]."""
        logits: Tensor = self.plain(states) + states.features[SAID]
        return logits

    def fit_features(self, records: Sequence[BaseModel]) -> None:
        """Learn what words say, from the records that have one of our labels."""
        first_texts = [first for first, _ in map(self._pair.parts, records)]
        self._honest = self.words.fit(self._texts(records), self.label_space.targets(records), groups=first_texts)

    def features(self, records: Sequence[BaseModel]) -> dict[str, Tensor]:
        """Return the plain head's features, and what the words of each pair say, [rows, labels]."""
        return {**self.plain.features(records), SAID: self.words(self._texts(records))}

    def training_features(self, records: Sequence[BaseModel], taught: int) -> dict[str, Tensor]:
        """Return the same, but of the records that taught what their words would say if they had not."""
        found = self.features(records)
        if self._honest is not None:
            found[SAID][:taught] = self._honest
        return found

    def options(self) -> dict[str, Any]:
        """Return how to build this head again."""
        return {**self.plain.options(), "words": self.words.words}

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the mean cross entropy of the records that have one of our labels; 0 where none has."""
        return self.plain.loss(logits, records)

    def decode(self, scores: Scores) -> list[LabelAnswer]:
        """Return the most probable label of each row, its probability as confidence, and up to 3 runners-up."""
        return self.plain.decode(scores)

    def _texts(self, records: Sequence[BaseModel]) -> list[str]:
        return [self._pair.joined(record) for record in records]


def _part(states: States, tokens: Tensor) -> Tensor:
    """The mean state of the chosen tokens [rows, length], at length 1; zeros where there is none."""
    chosen = tokens.to(states.tokens.dtype)[:, :, None]
    means = (states.tokens * chosen).sum(1) / chosen.sum(1).clamp(min=1.0)
    return functional.normalize(means, dim=-1)
