"""What a head reads, returns and is: states, scores, and the class to derive from."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel
from torch import Tensor, nn

from podion.answers import Answer
from podion.vertical import LabelSpace

RecordT = TypeVar("RecordT", bound=BaseModel)
AnswerT = TypeVar("AnswerT", bound=Answer)


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
    answer's confidence takes its place: so it is for every head of a plugin's own. `states` are what `forward` read:
    where a token lies in the text, what the features were. `temperature` divided the logits and `bias` [outputs] was
    then added. `thresholds` [outputs] are those of a head with several labels a row, `margin` the half-width of a
    number's interval; None for other heads.
    """

    logits: Tensor
    probabilities: Tensor
    threshold: float | None
    states: States
    trust: Tensor | None = None
    temperature: float = 1.0
    bias: Tensor | None = None
    thresholds: Tensor | None = None
    margin: float | None = None


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a head of a plugin's own wants to be trained on frozen states, where the platform's way does not suit it.

    `epochs` is the most, `patience` how many epochs without a better value end the training; `rate` is AdamW's peak,
    after which it falls in a line to 0, once the share `steady` of all steps is done. The weights that are measured and
    kept are the mean over about the share `averaged` of all steps, the latest counting most; 0 for none. Without
    `keeps_best`, of epochs that are not measurably worse than the best the last is kept: right for a loss that carries
    its own restraint. With `again`, a head judged by records that the platform kept apart is trained once more by all
    records for as many epochs, with the `options` that it had settled on: right where the latest records say most.
    """

    epochs: int = 10
    patience: int = 3
    batch_rows: int = 32
    rate: float = 5e-3
    weight_decay: float = 0.01
    pooled_dropout: float = 0.1
    keeps_best: bool = True
    steady: float = 0.0
    averaged: float = 0.0
    again: bool = False


class Head(nn.Module, ABC, Generic[RecordT, AnswerT]):
    """The small layers of a task on top of the base model; one instance a tenant's adapter.

    The platform calibrates between `forward` and `decode`: it divides logits by a temperature learned on validation
    data (for two labels it also learns what to add), then applies the head's `link` over the last dimension.
    """

    link: ClassVar[Literal["softmax", "sigmoid", "identity"]] = "softmax"
    """How logits become probabilities: shares of 1, each for itself, or (a number's head) not at all."""

    ordered: ClassVar[bool] = False
    """True for labels in an order, from low to high: the set of those that may be right has no gap then."""

    training_numbers: Training | None = None
    """How to train this head; None for the platform's way. `fit_features` may set it on the head, for so many rows."""

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

    def fit_items(self, items: Sequence[BaseModel], vectors: Tensor) -> None:
        """Take in the things that labels are ids of, where the task declares `items`: called before `fit_features`.

        There are those that are known and that a training record's label names; `vectors` [items, hidden] are of length
        1: what the base makes of their texts, zeros where nothing is said.
        """

    def settle(self, states: States, records: Sequence[RecordT]) -> None:
        """Choose what records that did not teach are to choose, such as a weight between two parts of the head.

        Called once after training, without gradients, and only where there are such records. What is chosen belongs
        into a buffer or into `options`.
        """

    def fit_features(self, records: Sequence[RecordT]) -> None:
        """Learn what `features` needs, once, on the training records; keep it in buffers, so that it is saved."""

    def features(self, records: Sequence[RecordT]) -> dict[str, Tensor]:
        """Return tensors [rows, …] made of more than the text; they arrive as `states.features`."""
        return {}

    def training_features(self, records: Sequence[RecordT], taught: int) -> dict[str, Tensor]:
        """Return `features` as training is to see them, where the first `taught` of the records are those that taught.

        A head whose features are what it learned of labels has to leave out, for each of these records, what it learned
        of that record: else what is trained beside learns to rely on them. Called right after `fit_features`.
        """
        return self.features(records)

    @classmethod
    def forms(cls, rows: int) -> Sequence[Mapping[str, Any]]:
        """Return the keywords, beside the first two, for each form that a head of so many training rows may take.

        Each is trained on frozen states; the one that answers best is kept, by records kept apart.
        """
        return ({},)

    def options(self) -> dict[str, Any]:
        """Return the keywords, as JSON has them, with which `__init__` builds this head again once it is fitted."""
        return {}

    def measure(self, answers: Sequence[AnswerT], records: Sequence[RecordT]) -> dict[str, float]:
        """Return metrics of answers to labelled records: all there are, for answers of a kind that the platform does
        not know, and what stands beside its own for several labels a row.
        """
        return {}
