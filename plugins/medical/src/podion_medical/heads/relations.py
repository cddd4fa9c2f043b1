"""The head that says how the entities of a note belong together: which dose is of which drug, and for what problem."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from podion import Span
from podion.nn import Head, LabelSpace, Scores, States
from podion_medical.entity_pairs import pairs_of
from podion_medical.relation_metrics import relation_metrics
from podion_medical.schema import FoundRelation, RelatedText, RelationsAnswer

PLACES, KINDS = "pair_places", "pair_kinds"
"""What the head's features are called."""

_IGNORED = -100
_WIDTH = 128
_TYPED = 16
_FAR = (0, 5, 15, 40, 100, 250)
"""Characters between two entities, in steps."""


class RelationHead(Head[RelatedText, RelationsAnswer]):
    """What each pair of a note's entities has to do with one another, [rows, pairs, 1 + kinds]; 0 is nothing.

    A pair is read by the mean states of its two entities and of what stands between them, by their labels, their order
    and how far they are apart. Only pairs of labels that stood in a relation of a training note are asked about, in
    that direction: `pairs` are these, `[label of the head, label of the tail]`.
    """

    reads_tokens = True

    def __init__(self, hidden_size: int, label_space: LabelSpace, *, pairs: Sequence[Sequence[str]] = ()) -> None:
        super().__init__(hidden_size, label_space)
        self.pairs = tuple((head, tail) for head, tail in pairs)
        self.typed = nn.Embedding(len(self.pairs) + 1, _TYPED)
        self.far = nn.Embedding(2 * (len(_FAR) + 1), _TYPED)
        self.mixed = nn.Linear(3 * hidden_size + 2 * _TYPED, _WIDTH)
        self.kinds = nn.Linear(_WIDTH, 1 + len(label_space))

    def fit_features(self, records: Sequence[RelatedText]) -> None:
        """Learn which labels of entities stand in relations, from the notes that teach."""
        seen = {
            (ends[relation.head].label, ends[relation.tail].label)
            for record in records
            if (ends := {entity.id: entity for entity in record.entities})
            for relation in record.label or ()
            if relation.head in ends and relation.tail in ends
        }
        self.pairs = tuple(sorted(seen))
        self.typed = nn.Embedding(len(self.pairs) + 1, _TYPED).to(self.kinds.weight.device)

    def options(self) -> dict[str, Any]:
        """Return which labels of entities are asked about."""
        return {"pairs": [list(pair) for pair in self.pairs]}

    def features(self, records: Sequence[RelatedText]) -> dict[str, Tensor]:
        """Return the characters of each pair's entities, [rows, pairs, 4], and which pair of labels it is.

        The latter is 0 where a row has no such pair, else one more than its place in `pairs`.
        """
        found = [pairs_of(record.entities, self.pairs) for record in records]
        most = max(map(len, found), default=0)
        places = torch.zeros(len(records), most, 4, dtype=torch.long)
        kinds = torch.zeros(len(records), most, dtype=torch.long)
        for row, pairs in enumerate(found):
            for place, (head, tail, kind) in enumerate(pairs):
                places[row, place] = torch.tensor([head.start, head.end, tail.start, tail.end])
                kinds[row, place] = 1 + kind
        return {PLACES: places, KINDS: kinds}

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, pairs, 1 + kinds]."""
        places, kinds = states.features[PLACES], states.features[KINDS]
        head, tail = places[..., :2], places[..., 2:]
        between = torch.stack(
            [torch.minimum(head[..., 1], tail[..., 1]), torch.maximum(head[..., 0], tail[..., 0])], -1
        )
        read = [_mean_states(states, stretch) for stretch in (head, tail, between)]
        apart = (between[..., 1] - between[..., 0]).clamp(min=0)
        step = torch.bucketize(apart, torch.tensor(_FAR, device=apart.device))
        ordered = (head[..., 0] <= tail[..., 0]).long() * (len(_FAR) + 1)
        mixed = self.mixed(torch.cat([*read, self.typed(kinds), self.far(step + ordered)], dim=-1))
        logits: Tensor = self.kinds(functional.gelu(mixed))
        return logits

    def loss(self, logits: Tensor, records: Sequence[RelatedText]) -> Tensor:
        """Return the mean cross entropy over the pairs of the notes whose relations are marked; 0 where none is."""
        places = {kind: 1 + place for place, kind in enumerate(self.label_space.labels)}
        targets = torch.full(logits.shape[:2], _IGNORED)
        for row, record in enumerate(records):
            if record.label is None:
                continue
            told = {(relation.head, relation.tail): places.get(relation.label, 0) for relation in record.label}
            for place, (head, tail, _) in enumerate(pairs_of(record.entities, self.pairs)):
                targets[row, place] = told.get((head.id, tail.id), 0)
        if bool((targets == _IGNORED).all()):
            return logits.sum() * 0.0  # the mean over nothing would be NaN
        flat = targets.flatten().to(logits.device)
        return functional.cross_entropy(logits.flatten(0, 1), flat, ignore_index=_IGNORED)

    def decode(self, scores: Scores) -> list[RelationsAnswer]:
        """Return each note's relations in reading order; the confidence is that of the least sure decision on a pair.

        A pair of which a text that is cut off has no token is not answered.
        """
        features = scores.states.features
        best, chosen = scores.probabilities.max(dim=-1)
        rows = zip(
            features[PLACES].tolist(), features[KINDS].tolist(), best.tolist(), chosen.tolist(), self._read(scores),
            strict=True,
        )  # fmt: skip
        return [self._answer(*row, threshold=scores.threshold) for row in rows]

    def measure(self, answers: Sequence[RelationsAnswer], records: Sequence[RelatedText]) -> dict[str, float]:
        """Return micro precision, recall and `relation_f1` over both entities and the kind, and each kind's F1."""
        return relation_metrics(answers, records)

    def _read(self, scores: Scores) -> list[list[bool]]:
        """Which pairs have tokens in both entities, [rows, pairs]."""
        places = scores.states.features[PLACES]
        there = [_weights(scores.states, stretch).sum(-1) > 0 for stretch in (places[..., :2], places[..., 2:])]
        found: list[list[bool]] = (there[0] & there[1]).tolist()
        return found

    def _answer(
        self,
        places: list[list[int]],
        kinds: list[int],
        best: list[float],
        chosen: list[int],
        read: list[bool],
        threshold: float | None,
    ) -> RelationsAnswer:
        found: list[FoundRelation] = []
        sure = 1.0
        for (start, end, other, last), pair, share, kind, is_read in zip(
            places, kinds, best, chosen, read, strict=True
        ):
            if not pair or not is_read:
                continue
            sure = min(sure, share)
            if kind:
                head, tail = self.pairs[pair - 1]
                found.append(
                    FoundRelation(
                        head=Span(start=start, end=end, label=head),
                        tail=Span(start=other, end=last, label=tail),
                        label=self.label_space.labels[kind - 1],
                        confidence=min(1.0, share),
                    )
                )
        found.sort(key=lambda one: (one.head.start, one.tail.start, one.label))
        sure = min(1.0, max(0.0, sure))
        return RelationsAnswer(
            relations=tuple(found), confidence=sure, abstained=threshold is not None and sure < threshold
        )


def _weights(states: States, stretch: Tensor) -> Tensor:
    """Return which tokens touch stretches [rows, pairs, 2], as numbers, [rows, pairs, length]."""
    starts, ends = states.offsets[..., 0].unsqueeze(1), states.offsets[..., 1].unsqueeze(1)
    inside = (starts < stretch[..., 1:]) & (ends > stretch[..., :1]) & states.mask.unsqueeze(1)
    return inside.to(states.tokens)


def _mean_states(states: States, stretch: Tensor) -> Tensor:
    """Return the mean state of the tokens of stretches [rows, pairs, 2]; zeros for a stretch without a token."""
    weights = _weights(states, stretch)
    found: Tensor = (weights @ states.tokens) / weights.sum(-1, keepdim=True).clamp(min=1)
    return found
