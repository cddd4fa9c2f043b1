"""The ready-made head for marked stretches that reads words beside states."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor
from torch.nn import functional

from podion.answers import Span, SpanAnswer
from podion.hosting.nested_spans import NestedSpanTagger
from podion.hosting.tag_paths import BEGIN, INSIDE, OUTSIDE
from podion.nn import Head, LabelSpace, Scores, States
from podion.nn.token_tags import Said, TagScores
from podion.nn.token_words import codes_of

CHARACTERS, FOLD = "characters", "fold"
"""What the head's features are called."""

_NEVER = -10.0
"""The logit of a begin where no word begins, or what it has less than the others."""


class WordedSpanTagger(Head[BaseModel, SpanAnswer]):
    """Marked stretches of a text, which may lie within one another: what states and what words say of them, added.

    Logits are those of a `NestedSpanTagger`, [rows, length, labels, 3]. A token of the base hears the word that its
    first character lies in; one that goes on with a word begins nothing, and the tokens of a word agree. `known` is how
    many things count that may be known of a word, `text` names the field, or property, of the record that is read.
    """

    reads_tokens = True

    def __init__(self, hidden_size: int, label_space: LabelSpace, *, known: int = 0, text: str = "text") -> None:
        super().__init__(hidden_size, label_space)
        self._text = text
        self._folds: Tensor | None = None
        self.plain = NestedSpanTagger(hidden_size, label_space)
        torch.nn.init.zeros_(self.plain.linear.weight)
        torch.nn.init.zeros_(self.plain.linear.bias)
        self.words = TagScores(len(label_space), known)

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, length, labels, 3]: outside, begin, inside."""
        with torch.no_grad():
            said = self.words(states.features[CHARACTERS], states.features.get(FOLD))
            hearing = hearing_of(said, states)
            heard = heard_by_tokens(said, hearing)
        logits: Tensor = self.plain(states)
        return agreed(logits + heard.to(logits), hearing)

    def fit_features(self, records: Sequence[BaseModel]) -> None:
        """Learn what words say, from the records whose stretches are marked."""
        places = {label: place for place, label in enumerate(self.label_space.labels)}
        marks = []
        for record in records:
            spans: Sequence[Span] | None = getattr(record, self.label_space.label_field)
            known = [span for span in spans or () if span.label in places]
            marks.append(None if spans is None else [(span.start, span.end, places[span.label]) for span in known])
        self._folds = self.words.fit(self._texts(records), marks)

    def features(self, records: Sequence[BaseModel]) -> dict[str, Tensor]:
        """Return the characters of each record's text, [rows, characters]."""
        return {CHARACTERS: torch.from_numpy(codes_of(self._texts(records)))}

    def training_features(self, records: Sequence[BaseModel], taught: int) -> dict[str, Tensor]:
        """Return the same, and for the records that taught which layer did not learn from them."""
        folds = torch.full((len(records),), -1, dtype=torch.long)
        if self._folds is not None:
            folds[:taught] = self._folds
        return {**self.features(records), FOLD: folds}

    def options(self) -> dict[str, Any]:
        """Return how to build this head again."""
        return {"known": self.words.known, "text": self._text}

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the cross entropy, summed over labels and averaged over the text's tokens."""
        return self.plain.loss(logits, records)

    def decode(self, scores: Scores) -> list[SpanAnswer]:
        """Return each row's spans in reading order, see `NestedSpanTagger`."""
        return self.plain.decode(scores)

    def _texts(self, records: Sequence[BaseModel]) -> list[str]:
        return [str(getattr(record, self._text) or "") for record in records]


@dataclass(frozen=True)
class Hearing:
    """Which of so many words each token lies in, [rows, length], -1 for none, and whether another token began it."""

    words: int
    word: Tensor
    later: Tensor

    @property
    def hears(self) -> Tensor:
        """Which tokens lie in a word."""
        return self.word >= 0


def hearing_of(said: Said, states: States) -> Hearing:
    """Return which words tokens hear; none outside the text."""
    rows, length = states.mask.shape
    if not len(said.words) or not length:
        return Hearing(0, torch.full((rows, length), -1), torch.zeros(rows, length, dtype=torch.bool))
    width = int(said.words.ends.max())
    word_at = torch.full((rows, width + 1), -1, dtype=torch.long)
    for place, (row, start, end) in enumerate(
        zip(said.words.rows.tolist(), said.words.starts.tolist(), said.words.ends.tolist(), strict=True)
    ):
        word_at[row, start:end] = place
    begins = states.offsets[:, :, 0].cpu()
    word = word_at.gather(1, begins.clamp(max=width))
    word[~states.mask.cpu()] = -1
    starts = torch.from_numpy(said.words.starts)
    return Hearing(len(said.words), word, (word >= 0) & (begins != starts[word.clamp(min=0)]))


def heard_by_tokens(said: Said, heard: Hearing) -> Tensor:
    """Return what tokens hear of what words say, [rows, length, labels, 3]; zeros outside the text."""
    found = torch.zeros(*heard.word.shape, *said.logits.shape[1:])
    found[heard.hears] = said.logits[heard.word[heard.hears]]
    inside = torch.logsumexp(found[heard.later][..., BEGIN:], dim=-1)
    found[heard.later] = torch.stack(
        [found[heard.later][..., OUTSIDE], torch.full_like(inside, _NEVER), inside], dim=-1
    )
    return found


def agreed(logits: Tensor, heard: Hearing) -> Tensor:
    """Return the logits [rows, length, labels, 3] under which all tokens of a word lie inside a span, or none does.

    What they say of it is averaged as log-probabilities; whether a span begins with the word, its first token decides.
    """
    hears = heard.hears.to(logits.device)
    logs = torch.log_softmax(logits, dim=-1)
    own = logs[hears]
    if not len(own):
        return logs
    word, later = heard.word[heard.hears].to(logits.device), heard.later[heard.hears].to(logits.device)
    sides = torch.stack([own[..., OUTSIDE], torch.logsumexp(own[..., BEGIN:], dim=-1)], dim=-1)
    sums = sides.new_zeros(heard.words, *sides.shape[1:]).index_add(0, word, sides)
    counts = torch.bincount(word, minlength=heard.words).clamp(min=1)
    outside, inside = (sums / counts[:, None, None])[word].unbind(-1)
    begins = own[..., BEGIN] - own[..., INSIDE]
    never = torch.minimum(outside, inside) + _NEVER
    begin = torch.where(later[:, None], never, inside + functional.logsigmoid(begins))
    goes_on = torch.where(later[:, None], inside, inside + functional.logsigmoid(-begins))
    return logs.masked_scatter(hears[:, :, None, None], torch.stack([outside, begin, goes_on], dim=-1))
