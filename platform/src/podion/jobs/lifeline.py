"""Children that die with their parent, even one that was killed and could say nothing.

A child holds the read end of a pipe whose write end only its parent has. Nobody ever writes: the read ends when the
operating system closes the parent's files. This works on every Unix.
"""

import os
import threading
from dataclasses import dataclass

EXIT_CODE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifeline:
    """Both ends: hand `child_end` to children (`subprocess.Popen(…, pass_fds=(line.child_end,))`), keep `parent_end`.

    Both are closed on exec unless passed on; `parent_end` never may be. Who forks without exec
    closes it first thing in the child.
    """

    child_end: int
    parent_end: int

    def close(self) -> None:
        """Let go of both ends: children that watch die now."""
        os.close(self.parent_end)
        os.close(self.child_end)


def create() -> Lifeline:
    """Return a new lifeline; one serves all children of a process."""
    child_end, parent_end = os.pipe()
    return Lifeline(child_end=child_end, parent_end=parent_end)


def watch(child_end: int) -> threading.Thread:
    """Start, in the child, the thread that ends this process with code 3 when the parent is gone."""
    thread = threading.Thread(target=_wait, args=(child_end,), name="podion-lifeline", daemon=True)
    thread.start()
    return thread


def _wait(child_end: int) -> None:
    while os.read(child_end, 1):
        # A byte is no reason to die: only the end of the pipe is.
        continue
    os._exit(EXIT_CODE)
