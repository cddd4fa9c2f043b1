"""The ready-made head that reads a record's columns, and its text where it has one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion.answers import LabelAnswer
from podion.hosting.label_decoding import most_probable
from podion.hosting.tabular_network import FeatureVectors, Members, Sizes
from podion.nn import Head, LabelSpace, Reading, Scores, States, TabularFeatures, Training

IGNORED = -100
TELLING, FEW, MANY = 2_000, 5_000, 40_000


class TabularClassifier(Head[BaseModel, LabelAnswer]):
    """One label a record, out of every column that `TabularFeatures` reads and of the text's mean state.

    `columns` is the reader as its options tell it; without it the head knows no column yet, and `fit_features` finds
    them and builds the layers, of `sizes` or of what suits so many rows. A text that says nothing (its state is all
    zeros) adds nothing. In training the logits are [rows, members, labels] and each member has its own loss; afterwards
    they are [rows, labels], the logarithm of the members' mean probability.

    Where numbers tell by their size alone, it does best when it reads them `smooth`ly; where a label begins at certain
    numbers, it has to tell their intervals apart, and learns more by heart. Which it is shows on records kept apart.
    """

    def __init__(
        self,
        hidden_size: int,
        label_space: LabelSpace,
        *,
        columns: Mapping[str, Any] | None = None,
        sizes: Mapping[str, Any] | None = None,
        smooth: bool = False,
    ) -> None:
        super().__init__(hidden_size, label_space)
        self.smooth = smooth
        self._seed = int(torch.randint(2**31, ()).item())
        self._asked = None if sizes is None else Sizes(**sizes)
        self._build(TabularFeatures(**(columns or {})), self._asked or Sizes())

    def _build(self, reader: TabularFeatures, sizes: Sizes) -> None:
        self.reader, self.sizes = reader, sizes
        self.vectors = FeatureVectors(reader, sizes.vector, smooth=self.smooth)
        self.text = nn.Linear(self.hidden_size, sizes.text, bias=False) if self.hidden_size else None
        inputs = len(reader) * sizes.vector + (sizes.text if self.hidden_size else 0)
        self.members = Members(inputs, sizes, len(self.label_space))

    @classmethod
    def forms(cls, rows: int) -> Sequence[Mapping[str, Any]]:
        """Return both ways to read numbers; intervals alone where rows are too few to tell which is better."""
        return ({"smooth": True}, {"smooth": False}) if rows >= TELLING else ({"smooth": False},)

    def fit_features(self, records: Sequence[BaseModel]) -> None:
        """Learn how the columns of the training records are read, and build the layers for them."""
        reading = reading_for(len(records))
        reader = TabularFeatures.fit(records, leave_out=[self.label_space.label_field], reading=reading)
        with torch.random.fork_rng():
            torch.manual_seed(self._seed)
            self._build(reader, self._asked or sizes_for(len(records)))
        counts = torch.ones(len(self.label_space))
        targets = self._targets(records)
        counts += torch.bincount(targets[targets >= 0], minlength=len(counts))
        with torch.no_grad():
            self.members.bias.copy_((counts / counts.sum()).log().expand_as(self.members.bias))
        self.training_numbers = training_for(len(records), smooth=self.smooth)

    def features(self, records: Sequence[BaseModel]) -> dict[str, Tensor]:
        """Return what `TabularFeatures.tensors` reads of the records."""
        return self.reader.tensors(records)

    def options(self) -> dict[str, Any]:
        """Return the reader, the sizes of the layers and how numbers are read."""
        return {"columns": self.reader.options(), "sizes": asdict(self.sizes), "smooth": self.smooth}

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, labels]; [rows, members, labels] while the head is trained."""
        seen = states.features
        vectors = self.vectors(seen["cells"], seen["places"], seen["magnitudes"]).flatten(1)
        parts = [functional.relu(vectors) if self.sizes.bent else vectors]
        if self.text is not None:
            parts.append(self.text(functional.normalize(states.pooled, dim=-1)))
        logits: Tensor = self.members(torch.cat(parts, dim=-1))
        if self.training:
            return logits.transpose(0, 1)
        return logits.log_softmax(dim=-1).logsumexp(dim=0) - math.log(len(logits))

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the mean cross entropy of the records that have one of our labels, over all members; 0 for none."""
        targets = self._targets(records).to(logits.device)
        if bool((targets == IGNORED).all()):
            return logits.sum() * 0.0
        if logits.ndim == 3:
            targets = targets.repeat_interleave(logits.shape[1])
        return functional.cross_entropy(logits.flatten(0, -2), targets, ignore_index=IGNORED)

    def decode(self, scores: Scores) -> list[LabelAnswer]:
        """Return the most probable label of each row, its probability as confidence, and up to 3 runners-up."""
        return most_probable(self.label_space, scores)

    def _targets(self, records: Sequence[BaseModel]) -> Tensor:
        return torch.tensor(self.label_space.targets(records), dtype=torch.int64)


def reading_for(rows: int) -> Reading:
    """Return how finely numbers of so many rows are read: at least a hundred rows an interval, where there are."""
    return Reading(bins=min(128, max(8, rows // 100)))


def sizes_for(rows: int) -> Sizes:
    """Return how large the layers are for so many rows: where a member learns little, there are more of them."""
    if rows < FEW:
        return Sizes(members=32, dropout=0.3, share=0.6, bent=False)
    return Sizes(members=8, dropout=0.2, share=1.0)


def training_for(rows: int, *, smooth: bool) -> Training:
    """Return the numbers that train the head on so many rows.

    Chosen on validation parts of three credit data sets. The fewer rows, the smaller the batches and the stronger the
    pull of every weight to zero. No epoch is chosen: which one does best on a few validation rows is chance. Where
    there are rows enough for the weights to come to rest, what is kept is their mean over the last part of training.
    """
    few = rows < FEW
    numbers = Training(
        epochs=12,
        rate=3e-3 if few else 4e-3,
        batch_rows=min(256, max(32, 32 * (rows // 1_000))),
        weight_decay=min(1.0, max(0.03, 640 / max(1, rows))),
        pooled_dropout=0.1,
        keeps_best=False,
        steady=0.0 if few else 0.7,
        averaged=0.0 if few else 0.3,
    )
    if smooth and not few:
        numbers = replace(numbers, epochs=14, rate=2e-3, weight_decay=max(0.05, numbers.weight_decay), averaged=0.5)
    epochs = numbers.epochs if rows < MANY else 4
    return replace(numbers, epochs=epochs, patience=epochs)
