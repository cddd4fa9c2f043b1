"""What commands print: results on standard output, progress and errors on standard error."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object.")]


def show(result: Mapping[str, Any], *, as_json: bool, lines: Sequence[str]) -> None:
    """Print a result: one JSON object, or lines for people."""
    text = json.dumps(result, ensure_ascii=False, default=str) if as_json else "\n".join(lines)
    sys.stdout.write(text + "\n")


def say(line: str) -> None:
    """Print a line of progress."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


@contextmanager
def told() -> Iterator[None]:
    """Turn what can go wrong in public into one plain message and exit status 1."""
    from podion.errors import PodionError

    try:
        yield
    except PodionError as error:
        say(f"podion: {error.detail}")
        for fault in error.faults[:5]:
            say(f"  {fault.pointer}: {fault.detail}")
        raise typer.Exit(1) from error
    except OSError as error:
        say(f"podion: {error.filename or ''}: {error.strerror or error}")
        raise typer.Exit(1) from error


class Bar:
    """One line of progress on standard error: redrawn on a terminal, once a stage elsewhere."""

    _WIDTH = 20

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._stage = ""

    def update(self, stage: str, fraction: float | None = None, note: str = "") -> None:
        """Show how far a stage has come."""
        if self._terminal:
            done = round((fraction or 0.0) * self._WIDTH)
            bar = "" if fraction is None else "━" * done + "╌" * (self._WIDTH - done) + f" {fraction:4.0%}"
            sys.stderr.write(f"\r\x1b[2K  {stage} {bar} {note}".rstrip())
            sys.stderr.flush()
        elif stage != self._stage:
            say(f"  {stage} {note}".rstrip())
        self._stage = stage

    def close(self) -> None:
        """End the line."""
        if self._terminal and self._stage:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
