"""How a process logs: one line a record, and never what a tenant wrote.

An exception's own words may quote what a tenant sent (a validation error holds its input, a database error its
parameters), so a traceback is logged with its places and kinds, and with the words of system errors only.
"""

import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import TextIO

from podion.settings import LogLevel

_QUIET = {"alembic": logging.WARNING, "hpack": logging.INFO, "httpcore": logging.INFO}
log = logging.getLogger("podion.process")

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def told(error: BaseException | None) -> str:
    """Return a traceback without what exceptions say: kinds, files, lines, functions, from the first cause on."""
    return "\n".join(_told(error, set()))


class Plain(logging.Formatter):
    """A line of text a record, tracebacks without the words of exceptions."""

    def formatException(self, ei: ErrorInfo) -> str:
        """Return the traceback of a record."""
        return told(ei[1])


def start_log(part: str, level: LogLevel = "info") -> None:
    """Send everything that this process logs, its warnings and its last words to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Plain(f"%(asctime)s {part} %(levelname)s %(message)s"))
    begin(handler, level)


def begin(handler: logging.Handler, level: LogLevel = "info") -> None:
    """Make `handler` the only one, and log through it what would go to standard error unasked."""
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # No line shows them, so they need not be found out for each (see "Optimization" in Python's logging how-to).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, logging.getLogger().level))
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    warnings.showwarning = _warned


def _told(error: BaseException | None, seen: set[int]) -> Iterator[str]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    yield from _told(before, seen)
    yield "Traceback (most recent call last):" if before is None else "which led to (most recent call last):"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
    yield _kind(error)
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _told(inner, seen)


def _kind(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {error.strerror}" if isinstance(error, OSError) and error.strerror else name


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    log.critical("ended by %s", kind.__name__, exc_info=error)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    log.warning("%s at %s:%d", category.__name__, filename, lineno)
