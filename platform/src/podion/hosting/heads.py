"""The ready-made heads: one label a text, and marked stretches of a text."""

from collections.abc import Sequence

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion.answers import LabelAnswer, Span, SpanAnswer
from podion.hosting.label_decoding import abstains, most_probable, share
from podion.nn import Head, LabelSpace, Scores, States

IGNORED = -100
"""Torch's own mark for a target that does not count."""


class LabelClassifier(Head[BaseModel, LabelAnswer]):
    """One label a text: a linear layer on the L2-normalised mean state, [rows, labels].

    With `cut`, the mean state at that layer stands beside the last one's, each of length 1: what a text is about lies
    in the last layer, and how it is said in the lower one. With `centroids`, the head knows the mean vector of each
    label's training rows, [labels, width], and can say how near a row is to the nearest of them. Vectors have fixed
    lengths, so the weights alone carry the scale of the logits.
    """

    def __init__(
        self, hidden_size: int, label_space: LabelSpace, *, cut: int | None = None, centroids: bool = False
    ) -> None:
        super().__init__(hidden_size, label_space)
        self.reads_cut = cut is not None
        width = 2 * hidden_size if self.reads_cut else hidden_size
        self.linear = nn.Linear(width, len(label_space))
        self.centroids: Tensor | None
        self.register_buffer("centroids", torch.zeros(len(label_space), width) if centroids else None)

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, labels]."""
        logits: Tensor = self.linear(self.vectors(states))
        return logits

    def vectors(self, states: States) -> Tensor:
        """Return what the linear layer reads, [rows, width]."""
        return label_vectors(states.pooled, states.lower if self.reads_cut else None)

    def nearness(self, states: States) -> Tensor | None:
        """Return each row's cosine with the nearest centroid, [rows]; None for a head without centroids."""
        if self.centroids is None:
            return None
        return nearest(self.vectors(states), self.centroids)

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the mean cross entropy of the records that have one of our labels; 0 where none has."""
        return label_loss(logits, self.label_space.targets(records))

    def decode(self, scores: Scores) -> list[LabelAnswer]:
        """Return the most probable label of each row, its probability as confidence, and up to 3 runners-up."""
        return most_probable(self.label_space, scores)


def label_loss(logits: Tensor, targets: Sequence[int]) -> Tensor:
    """Return the mean cross entropy of the rows whose target is one of the labels (others: -100); 0 where none is."""
    return _cross_entropy(logits, torch.tensor(targets, device=logits.device))


def label_vectors(last: Tensor, lower: Tensor | None) -> Tensor:
    """Return mean states as a label head reads them: each layer's at length 1, side by side, [rows, width]."""
    parts = [last] if lower is None else [last, lower]
    return torch.cat([functional.normalize(part, dim=-1) for part in parts], dim=-1)


def nearest(vectors: Tensor, centroids: Tensor) -> Tensor:
    """Return each row's cosine with the nearest centroid, [rows]."""
    return (functional.normalize(vectors, dim=-1) @ functional.normalize(centroids, dim=-1).T).amax(dim=-1)


class SpanTagger(Head[BaseModel, SpanAnswer]):
    """Marked stretches of a text: a BIO tag for every token, [rows, length, 1 + 2 x labels].

    Tag 0 is outside; label i begins with tag 1 + 2i and goes on with 2 + 2i. The label field holds a list of `Span`,
    or None where a record has no label. Of spans that overlap, the tags can hold only one: the longest.
    """

    reads_tokens = True

    def __init__(self, hidden_size: int, label_space: LabelSpace) -> None:
        super().__init__(hidden_size, label_space)
        self.linear = nn.Linear(hidden_size, 1 + 2 * len(label_space))
        self._seen: tuple[Tensor, Tensor] | None = None

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, length, tags]."""
        self._seen = (states.mask, states.offsets)
        logits: Tensor = self.linear(states.tokens)
        return logits

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the mean cross entropy over the text's tokens; `logits` are those of the last call of `forward`.

        `forward` is what sees where the tokens lie in the text, hence the order.
        """
        if self._seen is None or self._seen[0].shape != logits.shape[:2]:
            raise ValueError("SpanTagger.loss needs the logits that forward returned last")
        targets = self.targets(*self._seen, records)
        return _cross_entropy(logits.flatten(0, 1), targets.flatten().to(logits.device))

    def targets(self, mask: Tensor, offsets: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the tag of every token, [rows, length]; -100 for tokens outside the text and records without spans."""
        targets = torch.full(mask.shape, IGNORED)
        texts, places = mask.cpu(), offsets.tolist()
        for row, record in enumerate(records):
            spans: Sequence[Span] | None = getattr(record, self.label_space.label_field)
            if spans is not None:
                targets[row, texts[row]] = 0
                self._mark(targets[row], places[row], texts[row].tolist(), spans)
        return targets

    def decode(self, scores: Scores) -> list[SpanAnswer]:
        """Return each row's spans in reading order.

        A span's probability is the mean of its tokens' tag probabilities; the answer's confidence is that of its
        weakest span or, where there is none, the mean probability of "outside" over the text's tokens.
        """
        best, tags = scores.probabilities.max(dim=-1)
        mask, offsets = scores.states.mask, scores.states.offsets
        rows = zip(tags.tolist(), best.tolist(), mask.tolist(), offsets.tolist(), strict=True)
        return [self._answer(*row, threshold=scores.threshold) for row in rows]

    def _mark(self, tags: Tensor, offsets: list[list[int]], texts: list[bool], spans: Sequence[Span]) -> None:
        positions = {label: position for position, label in enumerate(self.label_space.labels)}
        taken: set[int] = set()
        for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
            inside = [
                token
                for token, (start, end) in enumerate(offsets)
                if texts[token] and start < span.end and end > span.start
            ]
            if span.label not in positions or not taken.isdisjoint(inside):
                continue
            taken.update(inside)
            for token in inside:
                tags[token] = 1 + 2 * positions[span.label] + (token != inside[0])

    def _answer(
        self, tags: list[int], best: list[float], texts: list[bool], offsets: list[list[int]], threshold: float | None
    ) -> SpanAnswer:
        found: list[_Marked] = []
        outside: list[float] = []
        previous = 0
        for tag, probability, is_text, (start, end) in zip(tags, best, texts, offsets, strict=True):
            if not is_text:
                continue
            label = (tag - 1) // 2
            if tag == 0:
                outside.append(probability)
            elif tag % 2 == 0 and previous in (tag, tag - 1):
                found[-1].extend(end, probability)
            else:
                found.append(_Marked(start, end, self.label_space.labels[label], probability))
            previous = tag
        if found:
            confidence = min(marked.probability for marked in found)
        else:
            confidence = sum(outside) / len(outside) if outside else 1.0
        return SpanAnswer(
            spans=tuple(Span(start=marked.start, end=marked.end, label=marked.label) for marked in found),
            confidences=tuple(share(marked.probability) for marked in found),
            confidence=share(confidence),
            abstained=abstains(confidence, threshold),
        )


class _Marked:
    """A span that grows token by token."""

    def __init__(self, start: int, end: int, label: str, probability: float) -> None:
        self.start, self.end, self.label = start, end, label
        self._probabilities = [probability]

    def extend(self, end: int, probability: float) -> None:
        self.end = end
        self._probabilities.append(probability)

    @property
    def probability(self) -> float:
        return sum(self._probabilities) / len(self._probabilities)


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    if bool((targets == IGNORED).all()):
        return logits.sum() * 0.0  # the mean over nothing would be NaN
    return functional.cross_entropy(logits, targets, ignore_index=IGNORED)
