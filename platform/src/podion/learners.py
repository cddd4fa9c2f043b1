"""What a task may bring beside its head: windows over the past, and a model of another kind to be compared with.

Frozen protocols; nothing here computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from podion.answers import RankingAnswer
    from podion.vertical import LabelSpace

RecordT = TypeVar("RecordT", bound=BaseModel)


class History(Protocol[RecordT]):
    """Fills in a record's fields that tell of the past, such as how often an account paid yesterday.

    A run makes one without state, lets it go through training and validation records, keeps its state beside the
    adapter and goes on with the test records; an evaluation begins with that state.
    """

    def __init__(self, state: Mapping[str, NDArray[Any]] | None = None) -> None: ...

    def follow(self, records: Sequence[RecordT]) -> list[RecordT]:
        """Return the records in the order given, filled in; each sees only what was known at its own time.

        A record whose fields are already filled in is left as it is. Records need not come in order of time.
        """

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what a later history must know, as arrays of numbers or bytes."""


class Challenger(Protocol):
    """A model of another kind, trained on the same rows and told of in every report; it never serves."""

    name: str

    def __init__(self, space: LabelSpace, seed: int) -> None: ...

    def fit(self, train: Sequence[BaseModel], validation: Sequence[BaseModel]) -> None:
        """Learn anew; `validation` may be empty, and is for stopping only.

        Where all records teach the head, it is called once more with all of them before the test: what was chosen by
        `validation` stays then.
        """

    def probabilities(self, records: Sequence[BaseModel]) -> NDArray[np.float64]:
        """Return [rows, labels], in the label space's order."""

    def text(self) -> str:
        """Return the model in its library's own text format: data, never code; empty for what is not to be kept."""


class RankingChallenger(Protocol):
    """A `Challenger` of a task that answers with rankings, where a number for each of all labels would be too much."""

    name: str

    def __init__(self, space: LabelSpace, seed: int) -> None: ...

    def fit(self, train: Sequence[BaseModel], validation: Sequence[BaseModel]) -> None:
        """Learn anew; `validation` may be empty, and chooses settings; called once more as a `Challenger`'s."""

    def rankings(self, records: Sequence[BaseModel]) -> Sequence[RankingAnswer]:
        """Return a ranking a record, in order."""

    def text(self) -> str:
        """Return the model in its library's own text format: data, never code; empty for what is not to be kept."""
