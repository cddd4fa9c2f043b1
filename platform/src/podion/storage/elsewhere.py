"""Whether somebody else may have written: what was read stays true while nobody has."""

import threading
import time

NOTICED_SECONDS = 0.5
"""What another process writes is noticed within this time."""


class Elsewhere:
    """A mark that grows with every write that may change what others have read.

    Each write of this process tells what it saw of other processes, so that a busy one need not read the same rows
    again and again; what nobody has looked at for half a second counts as changed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mark = 0
        self._looked_at = 0.0

    def mark(self) -> int:
        """Return the mark: what was read under the same one is at most half a second behind."""
        if time.monotonic() - self._looked_at > NOTICED_SECONDS:
            self.saw(changes=True)
        return self._mark

    def saw(self, *, changes: bool) -> None:
        """Note what a look at the database told."""
        with self._lock:
            self._mark += changes
            self._looked_at = time.monotonic()

    def changed(self) -> None:
        """Note a write of this process."""
        with self._lock:
            self._mark += 1
