"""What the words of a text say of each label, for heads that read more than vectors."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from podion.nn.word_choice import choose_words
from podion.nn.word_counts import Reading, Vocabulary, word_rows, word_sums
from podion.nn.word_linear import FIRST, WordedRows, choose_penalties, fit_worded
from podion.nn.word_sequences import sequences_in

_FOLDS = 5


class WordScores(nn.Module):
    """A linear layer on the words and character sequences of texts in any script, fitted at once and not by gradients.

    `words` is how many of them count, 0 before `fit`; each has a key, a rarity and a weight for every label. They are
    buffers, so that a head which holds this module saves them, and whose options name `words` builds it again.
    `reading` says which sequences stand in a text.
    """

    def __init__(self, labels: int, words: int = 0, reading: Reading = sequences_in) -> None:
        super().__init__()
        self._reading = reading
        self.keys: Tensor
        self.rarity: Tensor
        self.weight: Tensor
        self.bias: Tensor
        self.register_buffer("keys", torch.zeros(words, dtype=torch.int64))
        self.register_buffer("rarity", torch.zeros(words))
        self.register_buffer("weight", torch.zeros(words, labels))
        self.register_buffer("bias", torch.zeros(labels))

    @property
    def words(self) -> int:
        """How many words and character sequences count."""
        return len(self.keys)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words and character sequences that count."""
        return Vocabulary(self.keys.cpu().numpy(), self.rarity.cpu().numpy())

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Return logits, [texts, labels]; the bias alone for a text of which no word counts."""
        sums = word_sums(texts, self.vocabulary, self.weight.cpu().numpy(), self._reading)
        return torch.from_numpy(sums) + self.bias.cpu()

    def take(self, vocabulary: Vocabulary, weight: np.ndarray, bias: np.ndarray | None = None) -> None:
        """Hold these words and weights [words, labels] from now on."""
        self.keys = torch.from_numpy(vocabulary.keys.copy())
        self.rarity = torch.from_numpy(vocabulary.rarity.copy())
        self.weight = torch.from_numpy(weight.astype(np.float32))
        self.bias = torch.zeros(weight.shape[1]) if bias is None else torch.from_numpy(bias.astype(np.float32))

    def fit(
        self,
        texts: Sequence[str],
        targets: Sequence[int],
        *,
        groups: Sequence[Hashable] | None = None,
        seed: int = 0,
        look: Callable[[], None] = lambda: None,
    ) -> Tensor:
        """Learn from texts and their labels (negative: none), and return honest logits for them, [texts, labels].

        Honest are those of a layer that learned from other texts alone, and from no text of the same group: what is
        trained further on the same texts has to see these, for what a layer says of its own texts is too good. The
        penalty is the one under which a fifth of the texts is explained best by the others.
        """
        labels = self.weight.shape[1]
        vocabulary = choose_words(texts, labels, seed, self._reading)
        empty = np.zeros((len(texts), 0), np.float32)
        found = word_rows(texts, vocabulary, self._reading)
        rows = WordedRows(empty, found, np.asarray(targets, dtype=np.int64), labels)
        folds = _folds(groups if groups is not None else range(len(texts)), seed)
        learned = rows.targets >= 0
        first = np.flatnonzero(learned & (folds != 0)), np.flatnonzero(learned & (folds == 0))
        penalties = FIRST
        if len(first[0]) and len(first[1]):
            penalties, _ = choose_penalties(rows.at(first[0]), rows.at(first[1]), look)
        honest = np.zeros((len(texts), labels), np.float32)
        for fold in range(_FOLDS):
            own, others = np.flatnonzero(folds == fold), np.flatnonzero(learned & (folds != fold))
            if len(own) and len(others):
                honest[own] = fit_worded(rows.at(others), penalties, look=look).logits(rows.at(own))
        layers = fit_worded(rows.at(np.flatnonzero(learned)), penalties, look=look)
        self.take(vocabulary, layers.words, layers.bias)
        return torch.from_numpy(honest)


def _folds(groups: Sequence[Hashable], seed: int) -> np.ndarray:
    """A fold for each row; rows of one group share it."""
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    drawn = np.random.default_rng(seed).permutation(len(places)) % _FOLDS
    return np.array([drawn[places[group]] for group in groups], dtype=np.int64)
