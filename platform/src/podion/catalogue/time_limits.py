"""A plugin's code is run on a thread of its own and waited for so long and no longer: what hangs, hangs alone."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

LOAD_SECONDS = 20.0
"""What one step of a plugin's load may take; a healthy one takes milliseconds, a heavy one under load a few seconds."""

HOOK_SECONDS = 5.0
"""What one call of a hook may take."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a call came to: its value, or the error it ended with; `TimeoutError` when it did not end in time."""

    value: object = None
    error: BaseException | None = None

    @property
    def late(self) -> bool:
        """Whether the call did not end in time."""
        return isinstance(self.error, CallTooLong)


class CallTooLong(TimeoutError):
    """A call did not end in time; its thread is left behind, as Python has no way to end it."""


class Limited:
    """Calls with a time limit; while one that was late has not ended, the next are refused at once."""

    def __init__(self) -> None:
        self._late: threading.Thread | None = None

    def attempt(self, function: Callable[[], object], seconds: float) -> Outcome:
        """Return how `function` ended. Whatever it raises, be it `SystemExit`, comes back in the outcome."""
        if self._late is not None and self._late.is_alive():
            return Outcome(error=CallTooLong(f"an earlier call took longer than {seconds:g} seconds and has not ended"))
        ended: list[Outcome] = []

        def run() -> None:
            try:
                ended.append(Outcome(value=function()))
            except BaseException as error:  # the caller decides; a thread has nobody else to tell
                ended.append(Outcome(error=error))

        thread = threading.Thread(target=run, name="podion-plugin", daemon=True)
        thread.start()
        thread.join(seconds)
        if not ended:
            self._late = thread
            return Outcome(error=CallTooLong(f"it took longer than {seconds:g} seconds"))
        return ended[0]
