"""The sentiment towards each entity that a text names: several at once, and opposite ones apart."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from podion.nn import Head, LabelSpace, Scores, States, WordScores
from podion_sentiment_monitor.entity_figures import entity_figures, paired
from podion_sentiment_monitor.passages import passages_of
from podion_sentiment_monitor.schema import EntityMentions, EntitySentiment, EntitySentimentAnswer

_IGNORED = -100
_REACH = 3.0
"""Tokens over which a word's say on an entity falls to a third."""

_PARTS = 5


class EntitySentimentHead(Head[EntityMentions, EntitySentimentAnswer]):
    """One sentiment an entity named, [rows, entities, sentiments].

    An entity is read as the mean of its mentions' tokens, what stands before and behind them (near words count more),
    and the whole text; beside these vectors it is read by the words around it, of which `words` count. An entity that
    the text does not name gets no answer: its confidence is 0 and its row abstains.
    """

    reads_tokens = True

    def __init__(self, hidden_size: int, label_space: LabelSpace, *, words: int = 0) -> None:
        super().__init__(hidden_size, label_space)
        self.linear = nn.Linear(_PARTS * hidden_size, len(label_space))
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.words = WordScores(len(label_space), words)
        self._honest: dict[str, Tensor] = {}
        self._named: Tensor | None = None

    def fit_features(self, records: Sequence[EntityMentions]) -> None:
        """Learn what the words around an entity say of it, from the entities that have a sentiment."""
        taught = [
            (passage.words, target, record.text)
            for record, targets in zip(records, self._targets(records), strict=True)
            for passage in passages_of(record.text, record.names)
            if (target := targets[passage.place]) != _IGNORED
        ]
        if taught:
            words, places, texts = zip(*taught, strict=True)
            self._honest = dict(zip(words, self.words.fit(words, places, groups=texts), strict=True))

    def features(self, records: Sequence[EntityMentions]) -> dict[str, Tensor]:
        """Return, a record each, what decoding needs and the text does not say.

        `mentions` [rows, entities, mentions, 2] are places in the text, -1 where there is none; `said` [rows, entities,
        sentiments] is what the words around each entity say; `names` [rows, entities, characters] are code points, 0
        where a name has ended, and -1 where there is no entity.
        """
        found = [list(passages_of(record.text, record.names)) for record in records]
        cells = [(row, passage) for row, passages in enumerate(found) for passage in passages]
        entities = max([1, *(len(record.names) for record in records)])
        mentions = max([1, *(len(passage.mentions) for _, passage in cells)])
        characters = max([1, *(len(name) for record in records for name in record.names)])
        places = torch.full((len(records), entities, mentions, 2), -1, dtype=torch.int32)
        said = torch.zeros(len(records), entities, len(self.label_space))
        names = torch.full((len(records), entities, characters), -1, dtype=torch.int32)
        for (row, passage), score in zip(cells, self.words([passage.words for _, passage in cells]), strict=True):
            places[row, passage.place, : len(passage.mentions)] = torch.tensor(passage.mentions, dtype=torch.int32)
            said[row, passage.place] = score
        for row, record in enumerate(records):
            for place, name in enumerate(record.names):
                codes = [ord(character) for character in name]
                names[row, place] = torch.tensor(codes + [0] * (characters - len(codes)), dtype=torch.int32)
        return {"mentions": places, "said": said, "names": names}

    def training_features(self, records: Sequence[EntityMentions], taught: int) -> dict[str, Tensor]:
        """Return the same, but of the records that taught what their words would say if they had not."""
        made = self.features(records)
        for row, record in enumerate(records[:taught]):
            for passage in passages_of(record.text, record.names):
                if passage.words in self._honest:
                    made["said"][row, passage.place] = self._honest[passage.words]
        return made

    def options(self) -> dict[str, Any]:
        """Return how to build this head again."""
        return {"words": self.words.words}

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, entities, sentiments]."""
        shares = token_shares(states.features["mentions"], states.offsets, states.mask)
        near = [torch.bmm(share.to(states.tokens.dtype), states.tokens) for share in shares]
        lower = states.pooled if states.lower is None else states.lower
        whole = [vectors[:, None].expand_as(near[0]) for vectors in (states.pooled, lower)]
        vectors = torch.cat([functional.normalize(part, dim=-1) for part in (*near, *whole)], dim=-1)
        logits: Tensor = self.linear(vectors) + states.features["said"]
        self._named = states.features["mentions"][:, :, 0, 0] >= 0
        return logits

    def loss(self, logits: Tensor, records: Sequence[EntityMentions]) -> Tensor:
        """Return the mean cross entropy over the entities with a sentiment that their text names.

        `logits` are those of the last call of `forward`, which is what sees where entities are named.
        """
        if self._named is None or self._named.shape != logits.shape[:2]:
            raise ValueError("EntitySentimentHead.loss needs the logits that forward returned last")
        targets = torch.full(logits.shape[:2], _IGNORED, dtype=torch.long)
        for row, own in enumerate(self._targets(records)):
            targets[row, : len(own)] = torch.tensor(own, dtype=torch.long)
        targets = targets.to(logits.device).masked_fill(~self._named, _IGNORED)
        if bool((targets == _IGNORED).all()):
            return logits.sum() * 0.0  # the mean over nothing would be NaN
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=_IGNORED)

    def decode(self, scores: Scores) -> list[EntitySentimentAnswer]:
        """Return the most probable sentiment of each entity, in the order asked.

        The answer's confidence is that of its least certain entity. It abstains where that is below the threshold, or
        where the text does not name an entity: then that one's sentiment is empty and its confidence 0.
        """
        best, chosen = scores.probabilities.max(dim=-1)
        features = scores.states.features
        rows = zip(
            features["names"].tolist(), features["mentions"].tolist(), best.tolist(), chosen.tolist(), strict=True
        )
        return [self._answer(*row, threshold=scores.threshold) for row in rows]

    def measure(self, answers: Sequence[EntitySentimentAnswer], records: Sequence[EntityMentions]) -> dict[str, float]:
        """Return the measures of `entity_figures`, over the entities of the records that somebody judged."""
        return entity_figures(
            [
                paired(_judged(record), {each.entity: each.sentiment for each in answer.entities})
                for answer, record in zip(answers, records, strict=True)
            ]
        )

    def _targets(self, records: Sequence[EntityMentions]) -> list[list[int]]:
        """The place of each entity's sentiment among the labels; torch's ignore index where it has none of them."""
        places = {label: place for place, label in enumerate(self.label_space.labels)}
        told = [_judged(record) for record in records]
        return [
            [places.get(own.get(name, ""), _IGNORED) for name in record.names]
            for own, record in zip(told, records, strict=True)
        ]

    def _answer(
        self,
        names: list[list[int]],
        mentions: list[list[list[int]]],
        confidences: list[float],
        chosen: list[int],
        *,
        threshold: float | None,
    ) -> EntitySentimentAnswer:
        entities = []
        for codes, places, confidence, label in zip(names, mentions, confidences, chosen, strict=True):
            if codes[0] < 0:  # there is no such entity: another text of the batch has more
                break
            named = tuple((start, end) for start, end in places if start >= 0)
            entities.append(
                EntitySentiment(
                    entity="".join(chr(code) for code in codes if code > 0),
                    sentiment=self.label_space.labels[label] if named else "",
                    confidence=min(1.0, max(0.0, confidence)) if named else 0.0,
                    mentions=named,
                )
            )
        least = min((each.confidence for each in entities), default=1.0)
        unnamed = any(not each.mentions for each in entities)
        return EntitySentimentAnswer(
            entities=tuple(entities),
            confidence=least,
            abstained=unnamed or (threshold is not None and least < threshold),
        )


def token_shares(mentions: Tensor, offsets: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return how much each token counts for what stands before each entity, in its mentions, and behind them.

    Each is [rows, entities, tokens] and sums to 1, or is zeros where nothing stands there. `mentions` are [rows,
    entities, mentions, 2] places in the text, `offsets` [rows, tokens, 2] those of tokens. What is before one mention
    and behind another counts for both; with every token between, it counts less.
    """
    tokens = mask.shape[1]
    order = torch.arange(tokens, device=mask.device)
    inside = torch.zeros(*mentions.shape[:2], tokens, dtype=torch.bool, device=mask.device)
    if not tokens:
        return inside.float(), inside.float(), inside.float()
    before, behind = (torch.full_like(inside, tokens, dtype=torch.long) for _ in range(2))
    for mention in mentions.unbind(2):
        start, end = mention[..., :1], mention[..., 1:]
        own = mask[:, None] & (offsets[:, None, :, 0] < end) & (offsets[:, None, :, 1] > start) & (start >= 0)
        inside |= own
        first = torch.where(own, order, tokens).amin(-1, keepdim=True)
        last = torch.where(own, order, -1).amax(-1, keepdim=True)
        found = last >= 0
        before = torch.where(found & (order < first), torch.minimum(before, first - order), before)
        behind = torch.where(found & (order > last), torch.minimum(behind, order - last), behind)
    near = [(-far / _REACH).exp() * (mask[:, None] & ~inside & (far < tokens)) for far in (before, behind)]
    return _shared(near[0]), _shared(inside.float()), _shared(near[1])


def _shared(weights: Tensor) -> Tensor:
    return weights / weights.sum(-1, keepdim=True).clamp(min=1e-9)


def _judged(record: EntityMentions) -> dict[str, str]:
    """The sentiment towards each entity of a record, as somebody judged it."""
    return {each.entity: each.sentiment for each in record.label or ()}
