"""Plugins' own heads are imported in a child process: torch stays out of this one, and a bad head cannot harm it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from podion.catalogue.time_limits import LOAD_SECONDS


def demand_of(path: str, *, measures: bool) -> str:
    """Return what `check_in_child` is asked of a head: its import path, and whether it has to measure its answers."""
    return f"{path}?measure" if measures else path


def check_in_child(paths: Sequence[str], timeout: float = 120.0, seconds: float = LOAD_SECONDS) -> Mapping[str, str]:
    """Return path -> what is wrong with it, for each path (or `demand_of` one) that names no usable `podion.nn.Head`.

    Takes seconds, as the child imports torch; returns at once when there are no paths. When one path brings the child
    down, the others are tried again alone, so that a crash has one owner. `timeout` is in seconds, for each child;
    `seconds` is what one head may take.
    """
    if not paths:
        return {}
    answer = _ask_child(paths, timeout, seconds)
    if isinstance(answer, dict):
        return answer
    if len(paths) == 1:
        return {paths[0]: answer}
    return {path: error for path in paths for error in check_in_child([path], timeout, seconds).values()}


def _ask_child(paths: Sequence[str], timeout: float, seconds: float) -> dict[str, str] | str:
    """Return the errors that the child found, or how the child itself failed."""
    # The child sees the modules that this process sees, wherever they were put on the path.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path)}
    command = [sys.executable, "-m", "podion.hosting.resolve", f"{seconds:g}", *paths]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return f"importing it took longer than {timeout:g} seconds"
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        told = done.stderr.strip().splitlines()[-1:] or ["and said nothing"]
        return f"importing it ended the process with status {done.returncode}: {told[0]}"
    found: dict[str, str] = json.loads(lines[-1])
    return found
