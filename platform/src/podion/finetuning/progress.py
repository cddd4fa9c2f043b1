"""What a run tells the world while it works, and how the world stops it. No torch."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Cancelled(Exception):
    """The run was asked to stop and did; nothing came of it."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is. `fraction` of the whole run is in [0, 1]; `value` is that of `metric` on validation."""

    stage: str
    fraction: float
    epoch: int = 0
    epochs: int = 0
    metric: str = ""
    value: float | None = None
    seconds_left: float | None = None


class Watch:
    """Reports progress and looks whether to stop; `Watch()` reports to nobody and never stops."""

    def __init__(
        self, report: Callable[[Progress], None] = lambda progress: None, cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        self._report, self._cancelled = report, cancelled
        self._started = time.monotonic()
        self._stage, self._from, self._to = "starting", 0.0, 0.0
        self._part, self._low, self._high = "", 0.0, 1.0
        self._reached = 0.0

    def stage(self, name: str, start: float, end: float) -> None:
        """Enter a stage that takes the run from one fraction of it to another; raises `Cancelled`."""
        width = self._high - self._low
        self._stage = name + self._part
        self._from, self._to = self._low + start * width, self._low + end * width
        self.at(0.0)

    @contextmanager
    def within(self, start: float, end: float, part: str) -> Iterator[None]:
        """Let the block's stages, from 0 to 1, fill the run from one fraction of it to another; `part` names which."""
        before = self._part, self._low, self._high
        width = self._high - self._low
        self._part, self._low, self._high = f" ({part})", self._low + start * width, self._low + end * width
        try:
            yield
        finally:
            self._part, self._low, self._high = before

    def look(self) -> None:
        """Raise `Cancelled` if the run is to stop."""
        if self._cancelled():
            raise Cancelled(f"stopped while {self._stage}, as asked")

    def at(
        self, share: float, *, epoch: int = 0, epochs: int = 0, metric: str = "", value: float | None = None
    ) -> None:
        """Report that `share` of the stage is done; raises `Cancelled`."""
        self.look()
        fraction = self._reached = max(self._reached, min(1.0, self._from + share * (self._to - self._from)))
        spent = time.monotonic() - self._started
        left = spent * (1 - fraction) / fraction if fraction > 0.05 else None
        self._report(
            Progress(
                stage=self._stage,
                fraction=fraction,
                epoch=epoch,
                epochs=epochs,
                metric=metric,
                value=value,
                seconds_left=left,
            )
        )
