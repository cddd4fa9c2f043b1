"""What comes next: the whole catalogue ranked by a learned sequence model and by what followed what."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion import RankingAnswer
from podion.nn import Head, LabelSpace, Scores, States, Training
from podion_recommender.heads.asking import LENGTH, Asked, asked_by, latest, sequences_of
from podion_recommender.heads.choosing import MOST_ASKED, Questions, choose_counting, choose_weight
from podion_recommender.heads.figures import figures
from podion_recommender.heads.item_texts import directions_of, tower_of
from podion_recommender.heads.neighbours import Counting, Neighbours, followers, nearest
from podion_recommender.heads.ranked import Catalogue, rankings
from podion_recommender.heads.sequence import SequenceModel
from podion_recommender.schema import Item, Visit

WIDTH = 64
MOST_NEIGHBOURS = 300
NEGATIVES = 1024
_FLATTENED = 0.75
"""Items are drawn as negatives by how popular they are, to this power."""


class NextItemHead(Head[Visit, RankingAnswer]):
    """A user's vector against all items' vectors, times what followed the latest items, to a power.

    `forward` returns users' vectors [rows, 64]: nothing of [rows, items] outlives a block of rows. An item's vector
    begins as the main directions of its text, if it has one, and learns on; what is unknown to the head is scored by
    the vector that texts like its own have on average. `weight` is the power, and `temperature` makes scores into
    probabilities: both, and how pairs are `counting`, are chosen by visits that did not teach.
    """

    link = "identity"
    training_numbers = Training(
        epochs=12,
        patience=12,
        batch_rows=512,
        rate=4e-3,
        weight_decay=0.01,
        pooled_dropout=0.0,
        keeps_best=True,
        again=True,
    )
    most_negatives: ClassVar[int] = NEGATIVES

    starts: Tensor
    followers: Tensor
    closeness: Tensor
    counts: Tensor
    popularity: Tensor
    categories: Tensor
    centre: Tensor
    basis: Tensor
    tower: Tensor

    def __init__(
        self,
        hidden_size: int,
        label_space: LabelSpace,
        *,
        neighbours: int = 0,
        weight: float = 2.0,
        temperature: float = 1.0,
        day: float = 1.0,
        counting: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(hidden_size, label_space)
        items = len(label_space)
        self.counting = Counting(**(counting or {}))
        self.weight, self.temperature, self.day = weight, temperature, day
        self.items = nn.Parameter(0.1 * torch.randn(items, WIDTH))
        self.bias = nn.Parameter(torch.zeros(items))
        self.sequence = SequenceModel(WIDTH, LENGTH)
        self.register_buffer("starts", torch.zeros(items + 1, dtype=torch.int64))
        self.register_buffer("followers", torch.zeros(neighbours, dtype=torch.int32))
        self.register_buffer("closeness", torch.zeros(neighbours, dtype=torch.float16))
        self.register_buffer("counts", torch.zeros(items))
        self.register_buffer("popularity", torch.zeros(items), persistent=False)
        self.register_buffer("categories", torch.full((items,), -1, dtype=torch.int32))
        self.register_buffer("centre", torch.zeros(hidden_size))
        self.register_buffer("basis", torch.zeros(hidden_size, WIDTH))
        self.register_buffer("tower", torch.zeros(WIDTH + 1, WIDTH + 1))
        self._places = {label: place for place, label in enumerate(label_space.labels)}
        self._texts: tuple[NDArray[np.int64], Tensor] | None = None
        self._taken: list[NDArray[np.int64]] = []
        self._asked: list[Asked] = []
        self._first_asked = 0

    def options(self) -> dict[str, Any]:
        """Return what was settled on, and how large the buffers are."""
        return {
            "neighbours": len(self.followers),
            "weight": self.weight,
            "temperature": self.temperature,
            "day": self.day,
            "counting": asdict(self.counting),
        }

    def fit_items(self, items: Sequence[BaseModel], vectors: Tensor) -> None:
        """Let the items' vectors begin with what their texts say."""
        told = [(row, item) for row, item in enumerate(items) if isinstance(item, Item) and item.id in self._places]
        if not told:
            return
        rows = [row for row, _ in told]
        found = directions_of(vectors[rows], WIDTH)
        self.centre, self.basis = found.centre, found.basis
        places = np.array([self._places[item.id] for _, item in told], dtype=np.int64)
        self._texts = (places, found.of(vectors[rows]))
        names = sorted({item.category for _, item in told if item.category is not None})
        number = {name: place for place, name in enumerate(names)}
        for _, item in told:
            self.categories[self._places[item.id]] = -1 if item.category is None else number[item.category]
        with torch.no_grad():
            self.items[torch.from_numpy(places)] += self._texts[1]

    def fit_features(self, records: Sequence[Visit]) -> None:
        """Count what followed what, and how popular each item is."""
        self._taken, self.day = sequences_of(records, self._places)
        items = len(self.label_space)
        counts = np.bincount(np.concatenate([np.zeros(0, np.int64), *self._taken]), minlength=items)
        self.counts = torch.from_numpy(counts.astype(np.float32))
        self.popularity = torch.from_numpy(np.log((counts + 1) / (counts.sum() + items))).float()
        with torch.no_grad():
            self.bias.copy_(0.5 * (self.popularity - self.popularity.mean()))
        self._count()

    def features(self, records: Sequence[Visit]) -> dict[str, Tensor]:
        """Return the latest items [rows, 30] newest first (-1: none), their ages, and the place of what is asked."""
        return self.training_features(records, 0)

    def training_features(self, records: Sequence[Visit], taught: int) -> dict[str, Tensor]:
        """Return `features`; what the records that teach ask is not kept, for they are never answered."""
        past, ages = latest(records, self._places, self.day)
        self._first_asked += len(self._asked)
        self._asked = [asked_by(record, self._places, self.hidden_size) for record in records[taught:]]
        asked = torch.arange(len(records)) + self._first_asked - taught
        asked[:taught] = -1
        return {"past": torch.from_numpy(past), "ages": torch.from_numpy(ages), "asked": asked}

    def forward(self, states: States) -> Tensor:
        """Return users' vectors, [rows, 64]; zeros for who has no past."""
        past = states.features["past"].long()
        longest = int((past >= 0).sum(dim=1).max()) if len(past) else 0
        past, ages = past[:, : max(1, longest)], states.features["ages"][:, : max(1, longest)]
        there = past >= 0
        vectors = functional.embedding(past.clamp(min=0), self.items)
        found: Tensor = self.sequence(vectors, ages, there) * there.any(dim=1, keepdim=True)
        return found

    def loss(self, logits: Tensor, records: Sequence[Visit]) -> Tensor:
        """Return the mean cross entropy of what came next.

        Of a large catalogue it is among sampled items, corrected for how they are drawn.
        """
        targets = torch.tensor([self._places.get(record.item_id or "", -1) for record in records])
        rows = targets >= 0
        if not bool(rows.any()):
            return logits.sum() * 0.0
        users, targets = logits[rows], targets[rows]
        if len(self.items) <= self.most_negatives:
            return functional.cross_entropy(users @ self.items.T + self.bias, targets)
        odds = _FLATTENED * self.popularity
        drawn = torch.multinomial(torch.softmax(odds, 0), self.most_negatives, replacement=True)
        expected = torch.log_softmax(odds, 0)[drawn] + math.log(self.most_negatives)
        own = (users * functional.embedding(targets, self.items)).sum(dim=1) + self.bias[targets]
        others = users @ functional.embedding(drawn, self.items).T + self.bias[drawn] - expected
        others = others.masked_fill(drawn.unsqueeze(0) == targets.unsqueeze(1), -1e9)
        return functional.cross_entropy(torch.cat([own.unsqueeze(1), others], dim=1), torch.zeros_like(targets))

    def train(self, mode: bool = True) -> "NextItemHead":
        """Enter or leave training; on leaving it, learn the way from texts to vectors anew."""
        super().train(mode)
        if not mode and self._texts is not None:
            places, texts = self._texts
            rows = torch.from_numpy(places)
            with torch.no_grad():
                targets = torch.cat([self.items[rows], self.bias[rows].unsqueeze(1)], dim=1)
                self.tower.copy_(tower_of(texts, targets, self.popularity[rows].exp() * len(self.popularity)))
        return self

    def settle(self, states: States, records: Sequence[Visit]) -> None:
        """Choose by these visits how pairs are counted, what they weigh beside the model, and how sure to be."""
        truth = np.array([self._places.get(record.item_id or "", -1) for record in records], dtype=np.int64)
        barred = [one.barred for one in self._asked_by(states)]
        rows = [row for row in np.flatnonzero(truth >= 0).tolist() if truth[row] not in barred[row]]
        if not rows:
            return
        rows = sorted(np.random.default_rng(0).permutation(rows)[:MOST_ASKED].tolist())
        users = self.forward(states)[rows]
        asked = Questions(
            pasts=states.features["past"][rows].numpy(),
            excluded=[barred[row] for row in rows],
            truth=truth[rows],
            log_shares=lambda some: torch.log_softmax(users[some] @ self.items.T + self.bias, dim=1).numpy(),
        )
        items = len(self.label_space)
        self.counting = choose_counting(self._taken, items, MOST_NEIGHBOURS, asked, self.counting)
        found = self._count()
        self.weight, self.temperature = choose_weight(found.matrix(), asked, self.counting.recency)

    def decode(self, scores: Scores) -> list[RankingAnswer]:
        """Return each row's ranking of the catalogue, without its past and what it excludes."""
        past = scores.states.features["past"].long()
        return rankings(self._catalogue(), scores.logits, past, self._asked_by(scores.states), scores.threshold)

    def measure(self, answers: Sequence[RankingAnswer], records: Sequence[Visit]) -> dict[str, float]:
        """Return how novel and diverse rankings are, and how new users and rare items fare."""
        return figures(answers, records, self._places, self.counts.numpy(), self.categories.numpy())

    def _asked_by(self, states: States) -> list[Asked]:
        """What the rows ask, as the last call of `features` read it: it has no shape that a tensor could hold."""
        places = [place - self._first_asked for place in states.features["asked"].tolist()]
        if any(not 0 <= place < len(self._asked) for place in places):
            raise ValueError("NextItemHead.decode needs features of its last call of features")
        return [self._asked[place] for place in places]

    def _catalogue(self) -> Catalogue:
        return Catalogue(
            labels=self.label_space.labels,
            items=self.items.detach(),
            bias=self.bias.detach(),
            starts=self.starts,
            followers=self.followers,
            closeness=self.closeness,
            recency=self.counting.recency,
            weight=self.weight,
            temperature=self.temperature,
            centre=self.centre,
            basis=self.basis,
            tower=self.tower,
        )

    def _count(self) -> Neighbours:
        found = nearest(followers(self._taken, len(self.label_space), self.counting), MOST_NEIGHBOURS)
        self.starts = torch.from_numpy(found.starts)
        self.followers = torch.from_numpy(found.items)
        self.closeness = torch.from_numpy(found.values)
        return found
