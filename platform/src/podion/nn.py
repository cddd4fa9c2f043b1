"""What a plugin's own head builds on. Imports torch: only `heads.py` modules import this."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel
from torch import Tensor, nn

from podion.answers import Answer
from podion.vertical import LabelSpace

RecordT = TypeVar("RecordT", bound=BaseModel)
AnswerT = TypeVar("AnswerT", bound=Answer)

__all__ = ["Head", "LabelSpace", "Scores", "States"]


@dataclass(frozen=True)
class States:
    """What the base model made of a batch of texts.

    `pooled` is [rows, hidden]: the mean over tokens. `tokens` is [rows, length, hidden], `mask` [rows, length] (true
    where there is a token of the text), `offsets` [rows, length, 2] the characters of each token, end exclusive.
    `features` holds what the head's own `features` made of the records. `lower` is like `pooled`, but of the layer at
    which the frozen part of the base model ends; None where states were made up without it.
    """

    pooled: Tensor
    tokens: Tensor
    mask: Tensor
    offsets: Tensor
    features: Mapping[str, Tensor] = field(default_factory=dict)
    lower: Tensor | None = None


@dataclass(frozen=True)
class Scores:
    """A head's output after calibration: raw `logits`, `probabilities` of the same shape, the abstention threshold.

    An answer abstains when its `trust` [rows] is below `threshold`; None never abstains. Where `trust` is None, the
    answer's confidence takes its place: so it is for every head of a plugin's own. `mask` and `offsets` are those of
    the states, for heads that mark stretches of the text.
    """

    logits: Tensor
    probabilities: Tensor
    threshold: float | None
    mask: Tensor
    offsets: Tensor
    trust: Tensor | None = None


class Head(nn.Module, ABC, Generic[RecordT, AnswerT]):
    """The small layers of a task on top of the base model; one instance a tenant's adapter.

    The platform calibrates between `forward` and `decode`: it divides logits by a temperature learned on validation
    data, then applies softmax over the last dimension.
    """

    reads_tokens: bool = False
    """True for heads that read `states.tokens`; others get an empty tensor there and cost less."""

    def __init__(self, hidden_size: int, label_space: LabelSpace) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.label_space = label_space

    @abstractmethod
    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, …, outputs]."""

    @abstractmethod
    def loss(self, logits: Tensor, records: Sequence[RecordT]) -> Tensor:
        """Return the scalar to minimise; records without a label must not count."""

    @abstractmethod
    def decode(self, scores: Scores) -> list[AnswerT]:
        """Return one answer a row."""

    def fit_features(self, records: Sequence[RecordT]) -> None:
        """Learn what `features` needs, once, on the training records; keep it in buffers, so that it is saved."""

    def features(self, records: Sequence[RecordT]) -> dict[str, Tensor]:
        """Return tensors [rows, …] made of more than the text; they arrive as `states.features`."""
        return {}
