"""From installed distributions to loaded plugins: every plugin loads alone, and one that fails stands apart.

Entry points are read here and not by pluggy, which skips a second one of the same name in silence and lets one
failing import stop the host.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed

import pluggy

from podion.catalogue.checks import declaration_problems
from podion.catalogue.head_checks import own_head_paths
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
from podion.vertical import Vertical

CheckHeads = Callable[[Sequence[str]], Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class LoadedPlugin:
    """A plugin that kept its contract: the relay to its hooks and the vertical it declares."""

    origin: Origin
    seconds: float
    manager: pluggy.PluginManager
    vertical: Vertical


def discover(
    entry_points: Iterable[EntryPoint] | None, check_heads: CheckHeads | None
) -> list[LoadedPlugin | PluginRecord]:
    """Return each plugin in the order of its name: loaded, or the record of its quarantine."""
    entries = installed(group=GROUP) if entry_points is None else tuple(entry_points)
    outcomes = [_load(entry, entries) for entry in sorted(entries, key=lambda entry: (entry.name, entry.value))]
    return outcomes if check_heads is None else _with_heads_checked(outcomes, check_heads)


def _load(entry: EntryPoint, entries: Iterable[EntryPoint]) -> LoadedPlugin | PluginRecord:
    origin, started = origin_of(entry), time.perf_counter()
    try:
        _check_alone(origin, entries)
        plugin = _imported(entry, origin)
        seconds = time.perf_counter() - started
        manager = verified(origin, plugin)
        vertical = _checked(origin, declared(manager))
    except Broken as broken:
        return quarantined(origin, broken, time.perf_counter() - started)
    return LoadedPlugin(origin=origin, seconds=seconds, manager=manager, vertical=vertical)


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


def _imported(entry: EntryPoint, origin: Origin) -> object:
    try:
        return entry.load()
    except SystemExit as error:
        hint = "a plugin must not end the process while it is imported: remove the call of sys.exit"
        raise Broken(Phase.IMPORTED, [Problem(f"importing {entry.value!r} raised {describe(error)}", hint)]) from error
    except Exception as error:
        hint = f"mend it, install what it needs, or take it away with `pip uninstall {origin.distribution}`"
        raise Broken(Phase.IMPORTED, [Problem(f"importing {entry.value!r} raised {describe(error)}", hint)]) from error


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
    paths = sorted(
        {path for item in outcomes if isinstance(item, LoadedPlugin) for path in own_head_paths(item.vertical)}
    )
    errors = check_heads(paths) if paths else {}
    return [_without_bad_heads(item, errors) if isinstance(item, LoadedPlugin) else item for item in outcomes]


def _without_bad_heads(loaded: LoadedPlugin, errors: Mapping[str, str]) -> LoadedPlugin | PluginRecord:
    hint = "give `Task.head` the path `package.module:Class` of a subclass of podion.nn.Head"
    problems = [
        Problem(f"its head {path!r} does not load: {errors[path]}", hint)
        for path in own_head_paths(loaded.vertical)
        if path in errors
    ]
    return quarantined(loaded.origin, Broken(Phase.DECLARED, problems), loaded.seconds) if problems else loaded
