"""From installed distributions to loaded plugins: every plugin loads alone, and one that fails stands apart.

Entry points are read here and not by pluggy, which skips a second one of the same name in silence and lets one
failing import stop the host.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed
from typing import TypeVar, cast

import pluggy

from podion.catalogue.checks import declaration_problems
from podion.catalogue.head_checks import own_head_demands
from podion.catalogue.head_paths import demand_of
from podion.catalogue.plugin_hooks import declared, verified
from podion.catalogue.plugin_record import (
    GROUP,
    Broken,
    Origin,
    Phase,
    PluginRecord,
    Problem,
    describe,
    origin_of,
    quarantined,
)
from podion.catalogue.time_limits import CallTooLong, Limited
from podion.vertical import Vertical

_log = logging.getLogger(__name__)

T = TypeVar("T")

CheckHeads = Callable[[Sequence[str]], Mapping[str, str]]
Probe = Callable[[Sequence[EntryPoint], float], Mapping[str, PluginRecord]]

SLOW_IMPORT_SECONDS = 2.0
"""An import that takes longer is worth a line in the log: every start of the server and of a run waits for it."""


@dataclass(frozen=True, kw_only=True)
class LoadedPlugin:
    """A plugin that kept its contract: the relay to its hooks and the vertical it declares."""

    origin: Origin
    seconds: float
    manager: pluggy.PluginManager
    vertical: Vertical


@dataclass(frozen=True, kw_only=True)
class Loading:
    """How plugins are loaded: who looks at heads and at imports first, and what each step may take."""

    seconds: float
    check_heads: CheckHeads | None = None
    probe: Probe | None = None


def discover(entry_points: Iterable[EntryPoint] | None, loading: Loading) -> list[LoadedPlugin | PluginRecord]:
    """Return each plugin in the order of its name: loaded, or the record of its quarantine."""
    entries = installed(group=GROUP) if entry_points is None else tuple(entry_points)
    outcomes = _without_collisions(_load_all(sorted(entries, key=lambda entry: (entry.name, entry.value)), loading))
    return outcomes if loading.check_heads is None else _with_heads_checked(outcomes, loading.check_heads)


def _load_all(entries: Sequence[EntryPoint], loading: Loading) -> list[LoadedPlugin | PluginRecord]:
    alone = [_not_alone(entry, entries) for entry in entries]
    fit = [entry for entry, record in zip(entries, alone, strict=True) if record is None]
    refused = loading.probe(fit, loading.seconds) if loading.probe and fit else {}
    return [
        record or refused.get(entry.value) or load_one(entry, loading.seconds)[0]
        for entry, record in zip(entries, alone, strict=True)
    ]


def _without_collisions(outcomes: list[LoadedPlugin | PluginRecord]) -> list[LoadedPlugin | PluginRecord]:
    """Quarantine every plugin that puts a standard where another one does: neither is more right than the other."""
    claims: dict[str, set[str]] = {}
    for item in outcomes:
        for standard in item.vertical.standards if isinstance(item, LoadedPlugin) else ():
            claims.setdefault(standard.prefix, set()).add(item.origin.name if isinstance(item, LoadedPlugin) else "")
    return [_uncontested(item, claims) if isinstance(item, LoadedPlugin) else item for item in outcomes]


def _uncontested(loaded: LoadedPlugin, claims: Mapping[str, set[str]]) -> LoadedPlugin | PluginRecord:
    problems = [
        Problem(
            f"the place {standard.prefix!r} of {standard.name} is claimed by"
            f" {' and '.join(sorted(claims[standard.prefix]))}; it belongs to one plugin, so none of them loads",
            "uninstall all but one of them",
        )
        for standard in loaded.vertical.standards
        if len(claims[standard.prefix]) > 1
    ]
    return quarantined(loaded.origin, Broken(Phase.DECLARED, problems), loaded.seconds) if problems else loaded


def _not_alone(entry: EntryPoint, entries: Iterable[EntryPoint]) -> PluginRecord | None:
    origin = origin_of(entry)
    try:
        _check_alone(origin, entries)
    except Broken as broken:
        return quarantined(origin, broken)
    return None


def load_one(entry: EntryPoint, seconds: float) -> tuple[LoadedPlugin | PluginRecord, bool]:
    """Return the plugin of one entry point, or the record of its quarantine, and whether a step took too long."""
    origin, started, step = origin_of(entry), time.perf_counter(), Limited()
    try:
        plugin = _imported(entry, origin, step, seconds)
        took = time.perf_counter() - started
        if took > SLOW_IMPORT_SECONDS:
            _log.warning("%s: importing %r took %.1f seconds", origin, entry.value, took)
        manager = _in_time(lambda: verified(origin, plugin), Phase.VERIFIED, step, seconds)
        declaration = _in_time(lambda: declared(manager), Phase.DECLARED, step, seconds)
        vertical = _in_time(lambda: _checked(origin, declaration), Phase.DECLARED, step, seconds)
    except Broken as broken:
        return quarantined(origin, broken, time.perf_counter() - started), isinstance(broken.__cause__, CallTooLong)
    return LoadedPlugin(origin=origin, seconds=took, manager=manager, vertical=vertical), False


def _in_time(work: Callable[[], T], phase: Phase, step: Limited, seconds: float) -> T:
    """Return what `work` returns; raises `Broken` where it does, and where it takes too long or ends in any way."""
    outcome = step.attempt(work, seconds)
    if outcome.error is None:
        return cast(T, outcome.value)
    if isinstance(outcome.error, Broken):
        raise outcome.error
    hint = "nothing may wait while a plugin loads: open connections, read files and compute at the first request"
    cause = "its declaration hangs" if outcome.late else "its declaration failed"
    raise Broken(phase, [Problem(f"{cause}: {describe(outcome.error)}", hint)]) from outcome.error


def _canonical(name: str) -> str:
    """Two names that would share a place in URLs are one name."""
    return name.lower().replace("-", "_")


def _check_alone(origin: Origin, entries: Iterable[EntryPoint]) -> None:
    claims = [origin_of(entry) for entry in entries if _canonical(entry.name) == _canonical(origin.name)]
    if len(claims) == 1:
        return
    claimants = Counter(f"{claim.distribution} {claim.version}" for claim in claims)
    cause = (
        f"the name {origin.name!r} is claimed {len(claims)} times, by "
        f"{' and '.join(sorted(claimants))}; a name and its place in URLs belong to one plugin, so none of them loads"
    )
    hint = f"uninstall all but one of {', '.join(sorted({claim.distribution for claim in claims}))}"
    raise Broken(Phase.DISCOVERED, [Problem(cause, hint)])


def _imported(entry: EntryPoint, origin: Origin, step: Limited, seconds: float) -> object:
    outcome = step.attempt(entry.load, seconds)
    match outcome.error:
        case None:
            return outcome.value
        case CallTooLong():
            told = f"importing {entry.value!r} hangs: it took longer than {seconds:g} seconds"
            hint = "do nothing while the module is imported: connect, download and compute at the first request"
        case SystemExit() | KeyboardInterrupt():
            told = f"importing {entry.value!r} raised {describe(outcome.error)}"
            hint = "a plugin must not end the process while it is imported: remove the call of sys.exit"
        case _:
            told = f"importing {entry.value!r} raised {describe(outcome.error)}"
            hint = f"mend it, install what it needs, or take it away with `pip uninstall {origin.distribution}`"
    raise Broken(Phase.IMPORTED, [Problem(told, hint)]) from outcome.error


def _checked(origin: Origin, declaration: object) -> Vertical:
    if not isinstance(declaration, Vertical):
        cause = f"its hook 'register_vertical' returned {type(declaration).__name__}; a podion.Vertical is allowed"
        raise Broken(Phase.DECLARED, [Problem(cause, "return the Vertical from the hook")])
    try:
        problems = list(declaration_problems(origin, declaration))
    except Exception as error:
        # A value of a wrong type deep inside a declaration must cost its own plugin only.
        cause = f"its declaration cannot be read: {describe(error)}"
        raise Broken(Phase.DECLARED, [Problem(cause, "give each field the type that podion.Vertical names")]) from error
    if problems:
        raise Broken(Phase.DECLARED, problems)
    return declaration


def _with_heads_checked(
    outcomes: list[LoadedPlugin | PluginRecord], check_heads: CheckHeads
) -> list[LoadedPlugin | PluginRecord]:
    words = {word for item in outcomes if isinstance(item, LoadedPlugin) for word in _demands(item.vertical).values()}
    errors = check_heads(sorted(words)) if words else {}
    return [_without_bad_heads(item, errors) if isinstance(item, LoadedPlugin) else item for item in outcomes]


def _demands(vertical: Vertical) -> dict[str, str]:
    """Each own head's path with what the child is asked about it."""
    return {path: demand_of(path, measures=measures) for path, measures in own_head_demands(vertical).items()}


def _without_bad_heads(loaded: LoadedPlugin, errors: Mapping[str, str]) -> LoadedPlugin | PluginRecord:
    hint = "give `Task.head` the path `package.module:Class` of a subclass of podion.nn.Head"
    problems = [
        Problem(f"its head {path!r} does not load: {errors[word]}", hint)
        for path, word in _demands(loaded.vertical).items()
        if word in errors
    ]
    return quarantined(loaded.origin, Broken(Phase.DECLARED, problems), loaded.seconds) if problems else loaded
