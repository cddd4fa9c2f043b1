"""Plugins are loaded in a child process first: what hangs or ends the process there is never loaded here.

As a program, `python -m podion.catalogue.probe SECONDS NAME=VALUE…` loads each and writes one JSON line before and one
after. A good plugin costs nothing but the child; one that brings it down costs another child for those behind it.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import EntryPoint
from typing import IO, Any

from podion.catalogue.plugin_record import GROUP, Broken, Phase, PluginRecord, Problem, origin_of, quarantined

_START_SECONDS = 60.0  # what the child itself needs, on a busy machine
_GRACE_SECONDS = 2.0
_STEPS = 2  # a plugin may be slow in several steps, and each has its own limit


def probe_in_child(entries: Sequence[EntryPoint], seconds: float) -> Mapping[str, PluginRecord]:
    """Return entry's value -> record, for the entry points that must not be loaded in this process.

    `seconds` is what each step of a plugin's load may take. The child imports no torch.
    """
    refused: dict[str, PluginRecord] = {}
    waiting = list(entries)
    while waiting:
        answered, ending = _ask_child(waiting, seconds)
        refused.update({value: PluginRecord(**record) for value, record in answered.items() if record is not None})
        rest = [entry for entry in waiting if entry.value not in answered]
        if rest and ending is not None:
            culprit = rest.pop(0)
            refused[culprit.value] = _blamed(culprit, ending)
        waiting = rest
    return refused


def _blamed(entry: EntryPoint, ending: str) -> PluginRecord:
    origin = origin_of(entry)
    hint = f"mend it, or take it away with `pip uninstall {origin.distribution}`"
    return quarantined(origin, Broken(Phase.IMPORTED, [Problem(f"loading {entry.value!r} {ending}", hint)]))


def _ask_child(entries: Sequence[EntryPoint], seconds: float) -> tuple[dict[str, dict[str, Any] | None], str | None]:
    """Return what the child said of each plugin it came to the end of, and how it ended when that was too soon."""
    # The child sees the modules that this process sees, wherever they were put on the path.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path)}
    words = [f"{entry.name}={entry.value}" for entry in entries]
    command = [sys.executable, "-m", "podion.catalogue.probe", f"{seconds:g}", *words]
    answered: dict[str, dict[str, Any] | None] = {}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            lines = _lines_of(child.stdout)
            patience = _START_SECONDS + seconds
            while (line := lines.get(timeout=patience)) is not None:
                answered.update(json.loads(line))
                patience = _STEPS * seconds + _GRACE_SECONDS
        except queue.Empty:
            return answered, "stopped the whole process, and it did not go on"
        finally:
            child.kill()
        told = (child.stderr.read().strip().splitlines()[-1:] if child.stderr else []) or ["it said nothing"]
        status = child.wait()
    return answered, None if len(answered) == len(entries) else f"ended the process with status {status}: {told[0]}"


def _lines_of(stream: IO[str] | None) -> "queue.Queue[str | None]":
    """Return a queue of the stream's lines, None at its end: a pipe cannot be read with a time limit."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in stream or ():
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name="podion-probe", daemon=True).start()
    return lines


def main(words: Sequence[str]) -> None:
    """Load each plugin and say of it, in a line of JSON, what stands against loading it elsewhere: a record or null."""
    from podion.catalogue.discovery import load_one

    told, seconds = os.dup(1), float(words[0])
    os.dup2(2, 1)  # what plugins print goes to standard error
    os.write(told, b"{}\n")  # from here on each plugin has its own time
    for word in words[1:]:
        name, _, value = word.partition("=")
        entry = _installed(EntryPoint(name, value, GROUP))
        found, late = load_one(entry, seconds)
        record = asdict(found) if late and isinstance(found, PluginRecord) else None
        os.write(told, (json.dumps({value: record}) + "\n").encode())
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(0)  # a plugin's thread that hangs must not keep the child


def _installed(wanted: EntryPoint) -> EntryPoint:
    """Return the entry point with its distribution, where it is installed."""
    from importlib.metadata import entry_points

    return next((found for found in entry_points(group=GROUP, name=wanted.name) if found == wanted), wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
