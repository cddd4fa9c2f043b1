"""The ready-made head for marked stretches of a text that may lie within one another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion.answers import Span, SpanAnswer
from podion.hosting.label_decoding import abstains, share
from podion.hosting.tag_paths import BEGIN, INSIDE, OUTSIDE, likeliest_tags
from podion.nn import Head, LabelSpace, Scores, States

IGNORED = -100
"""Torch's own mark for a target that does not count."""

TAGS = 3


class NestedSpanTagger(Head[BaseModel, SpanAnswer]):
    """Marked stretches of a text, a BIO tag a label for every token: logits are [rows, length, labels, 3].

    A token may lie in spans of several labels at once, so spans of different labels may hold one another or cross. Of
    spans of one label that overlap, the tags can hold only one: the longest. The label field holds a list of `Span`, or
    None where a record has no label.
    """

    reads_tokens = True

    def __init__(self, hidden_size: int, label_space: LabelSpace) -> None:
        super().__init__(hidden_size, label_space)
        self.linear = nn.Linear(hidden_size, TAGS * len(label_space))
        self._seen: tuple[Tensor, Tensor] | None = None

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, length, labels, 3]: outside, begin, inside."""
        self._seen = (states.mask, states.offsets)
        logits: Tensor = self.linear(states.tokens)
        return logits.reshape(*logits.shape[:-1], len(self.label_space), TAGS)

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the cross entropy, summed over labels and averaged over the text's tokens.

        `logits` are those of the last call of `forward`, which is what sees where the tokens lie in the text.
        """
        if self._seen is None or self._seen[0].shape != logits.shape[:2]:
            raise ValueError("NestedSpanTagger.loss needs the logits that forward returned last")
        targets = self.targets(*self._seen, records).to(logits.device)
        counted = int((targets[:, :, 0] != IGNORED).sum())
        if not counted:
            return logits.sum() * 0.0  # the mean over nothing would be NaN
        total = functional.cross_entropy(logits.flatten(0, 2), targets.flatten(), ignore_index=IGNORED, reduction="sum")
        return total / counted

    def targets(self, mask: Tensor, offsets: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the tag of every token for every label, [rows, length, labels].

        It is -100 for tokens outside the text and for records without spans.
        """
        targets = torch.full((*mask.shape, len(self.label_space)), IGNORED)
        positions = {label: position for position, label in enumerate(self.label_space.labels)}
        starts, ends = offsets[:, :, 0].cpu(), offsets[:, :, 1].cpu()
        for row, record in enumerate(records):
            spans: Sequence[Span] | None = getattr(record, self.label_space.label_field)
            if spans is None:
                continue
            text = mask[row].cpu()
            targets[row, text] = OUTSIDE
            for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
                inside = torch.nonzero(text & (starts[row] < span.end) & (ends[row] > span.start)).flatten()
                place = positions.get(span.label)
                if place is None or not len(inside) or bool((targets[row, inside, place] != OUTSIDE).any()):
                    continue
                targets[row, inside, place] = INSIDE
                targets[row, inside[0], place] = BEGIN
        return targets

    def decode(self, scores: Scores) -> list[SpanAnswer]:
        """Return each row's spans in reading order, of those that begin together the longest first.

        A label's tags are the likeliest that fit together: no span goes on that has not begun. A span is as probable as
        the least probable decision on it: that a token belongs to it as it does, and that the next one does not. The
        answer's confidence is that of its weakest span or, where there is none, the mean over the text's tokens of the
        probability that they lie outside.
        """
        shares, states = scores.probabilities, scores.states
        tags = likeliest_tags(shares, states.mask)
        chosen = shares.gather(-1, tags.unsqueeze(-1)).squeeze(-1)
        ends = 1 - shares[..., INSIDE]
        outside = shares[..., OUTSIDE].amin(dim=-1)
        answers = []
        for row, text in enumerate(states.mask.cpu()):
            places = torch.nonzero(text).flatten()
            marked = self._marked(
                tags[row, places], chosen[row, places], ends[row, places], states.offsets[row, places]
            )
            found = sorted(marked, key=lambda one: (one.start, -one.end, one.label))
            confidence = min((one.confidence for one in found), default=_mean(outside[row, places].tolist()))
            answers.append(
                SpanAnswer(
                    spans=tuple(Span(start=one.start, end=one.end, label=one.label) for one in found),
                    confidences=tuple(share(one.confidence) for one in found),
                    confidence=share(confidence),
                    abstained=abstains(confidence, scores.threshold),
                )
            )
        return answers

    def _marked(self, tags: Tensor, chosen: Tensor, ends: Tensor, offsets: Tensor) -> Iterator["_Marked"]:
        """The spans in one text's tags [tokens, labels], label by label; `ends` says how surely none goes on there."""
        where = offsets.tolist()
        for label, name in enumerate(self.label_space.labels):
            own, shares, over = (part[:, label].tolist() for part in (tags, chosen, ends))
            for first in (token for token, tag in enumerate(own) if tag == BEGIN):
                last = first
                while last + 1 < len(own) and own[last + 1] == INSIDE:
                    last += 1
                sure = min(shares[first : last + 1] + over[last + 1 : last + 2])
                yield _Marked(where[first][0], where[last][1], name, sure)


@dataclass(frozen=True)
class _Marked:
    start: int
    end: int
    label: str
    confidence: float


def _mean(shares: Sequence[float]) -> float:
    return sum(shares) / len(shares) if shares else 1.0
