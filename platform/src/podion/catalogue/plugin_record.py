"""What is known of an installed plugin, and how one that broke its contract is told apart."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import EntryPoint
from typing import Literal

GROUP = "podion.plugins"
_SHOWN = 5  # problems of one plugin that a message spells out: a reader mends a few and looks again

_MACHINERY = ("importlib", "_frozen_importlib", "pluggy", "podion.catalogue")  # frames that no plugin's author can mend


class Phase(StrEnum):
    """The steps of a plugin's load, in order."""

    DISCOVERED = "discovered"
    IMPORTED = "imported"
    VERIFIED = "verified"
    DECLARED = "declared"
    READY = "ready"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a plugin comes from: its name, its distribution with version, and the package its entry point names."""

    name: str
    distribution: str
    version: str
    package: str

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.distribution} {self.version})"


@dataclass(frozen=True, kw_only=True)
class PluginRecord:
    """A plugin as the operator sees it.

    `phase` is `ready`, or the step that a quarantined plugin did not pass. `error` says what was seen and what is
    allowed, `hint` what to do. `import_seconds` is wall time.
    """

    name: str
    distribution: str
    version: str
    state: Literal["ready", "quarantined"]
    phase: Phase
    error: str | None = None
    hint: str | None = None
    import_seconds: float = 0.0


@dataclass(frozen=True)
class Problem:
    """One thing a plugin did wrong: what was seen with what is allowed, and what its author can do."""

    cause: str
    hint: str


class Broken(Exception):
    """A plugin did not pass a step of its load."""

    def __init__(self, phase: Phase, problems: Sequence[Problem]) -> None:
        super().__init__(phase, problems)
        self.phase = phase
        self.problems = problems


def origin_of(entry: EntryPoint) -> Origin:
    """Return where an entry point comes from."""
    dist = entry.dist
    return Origin(
        name=entry.name,
        distribution=dist.name if dist else "no distribution",
        version=dist.version if dist else "?",
        package=entry.value.split(":")[0].split(".")[0],
    )


def ready(origin: Origin, import_seconds: float) -> PluginRecord:
    """Return the record of a plugin that serves."""
    return PluginRecord(
        name=origin.name,
        distribution=origin.distribution,
        version=origin.version,
        state="ready",
        phase=Phase.READY,
        import_seconds=import_seconds,
    )


def quarantined(origin: Origin, broken: Broken, import_seconds: float = 0.0) -> PluginRecord:
    """Return the record of a plugin that broke its contract; of many problems it spells out the first few."""
    shown, rest = broken.problems[:_SHOWN], len(broken.problems) - _SHOWN
    causes = [problem.cause for problem in shown] + ([f"and {rest} more"] if rest > 0 else [])
    return PluginRecord(
        name=origin.name,
        distribution=origin.distribution,
        version=origin.version,
        state="quarantined",
        phase=broken.phase,
        error=f"{origin}: {'; '.join(causes)}",
        hint="; ".join(dict.fromkeys(problem.hint for problem in shown)),
        import_seconds=import_seconds,
    )


def describe(error: BaseException) -> str:
    """Return an exception in one line, with the module and line it came from."""
    text = " ".join(str(error).split()) or "no message"
    frames = [
        (name, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not (name := str(frame.f_globals.get("__name__"))).startswith(_MACHINERY)
    ]
    where = f" (in {frames[-1][0]}, line {frames[-1][1]})" if frames else ""
    return f"{type(error).__name__}: {text}{where}"
