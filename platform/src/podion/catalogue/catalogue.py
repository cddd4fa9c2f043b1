"""The frozen catalogue: every vertical and task found at start, and the plugins that watch."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed
from types import MappingProxyType

import pluggy
import typer

from podion.catalogue.discovery import CheckHeads, LoadedPlugin, Loading, Probe, discover
from podion.catalogue.plugin_hooks import ask, implements
from podion.catalogue.plugin_record import GROUP, PluginRecord, describe, ready
from podion.catalogue.suggestions import did_you_mean, listed
from podion.catalogue.time_limits import HOOK_SECONDS, LOAD_SECONDS, Limited, Outcome
from podion.errors import NotFound, PluginError
from podion.hookspecs import Candidate, Reviewed, Served
from podion.vertical import Task, Vertical

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What requests read. Hooks that watch are called on the plugin whose vertical it concerns, and on no other."""

    plugins: tuple[PluginRecord, ...]
    verticals: Mapping[str, Vertical]
    managers: Mapping[str, pluggy.PluginManager] = field(repr=False)
    hook_seconds: float = HOOK_SECONDS
    _calls: defaultdict[tuple[str, str], Limited] = field(
        default_factory=lambda: defaultdict(Limited), repr=False, compare=False
    )

    def vertical(self, name: str) -> Vertical:
        """Return the vertical of that name; raises `NotFound` with the names there are."""
        if name in self.verticals:
            return self.verticals[name]
        if any(plugin.name == name for plugin in self.plugins):
            raise NotFound(
                f"The vertical {name!r} is installed and quarantined, so it does not serve."
                " `podion plugins list` says why."
            )
        raise NotFound(
            f"There is no vertical {name!r}.{did_you_mean(name, self.verticals)} There are: {listed(self.verticals)}."
        )

    def task(self, name: str) -> tuple[Vertical, Task]:
        """Return the vertical and the task that `vertical/task` names; raises `NotFound` with the names there are."""
        first, slash, second = name.partition("/")
        if not slash:
            known = [f"{vertical.name}/{task.name}" for vertical in self.verticals.values() for task in vertical.tasks]
            raise NotFound(
                f"{name!r} names no task: write vertical/task.{did_you_mean(name, known)} There are: {listed(known)}."
            )
        vertical = self.vertical(first)
        task = vertical.task(second)
        if task is None:
            names = [task.name for task in vertical.tasks]
            raise NotFound(
                f"The vertical {first!r} has no task {second!r}.{did_you_mean(second, names)} It has: {listed(names)}."
            )
        return vertical, task

    def add_commands(self, cli: typer.Typer) -> None:
        """Add `podion <vertical> …` for each plugin that brings commands; one that raises is logged and left out."""
        for name, manager in self.managers.items():
            group = typer.Typer(help=self.verticals[name].title["en"], no_args_is_help=True)
            if self._tell(name, manager, "register_commands", cli=group) and _holds_commands(group):
                cli.add_typer(group, name=self.verticals[name].path)

    def objections(self, candidate: Candidate) -> list[str]:
        """Return why the candidate's plugin does not let it serve; empty means yes. A hook that raises is a no.

        Raises `NotFound` when the candidate's vertical is not in the catalogue.
        """
        name = self.vertical(candidate.vertical).name
        asked = self._ask(name, self.managers[name], "may_deploy", candidate=candidate)
        if asked.error is not None:
            told = describe(asked.error)
            return [f"The plugin {name!r} could not judge the candidate: its hook may_deploy raised {told}."]
        reason = asked.value
        if reason is None:
            return []
        if not isinstance(reason, str):
            return [
                f"The plugin {name!r} answered may_deploy with {type(reason).__name__}, where None (yes) or"
                " a reason as text (no) is allowed; that counts as a no."
            ]
        return [reason or f"The plugin {name!r} says no and gives no reason."]

    def watches_predictions(self, vertical: str) -> bool:
        """Return whether the plugin of a vertical wants to be told of predictions."""
        manager = self.managers.get(vertical)
        return manager is not None and implements(manager, "on_prediction")

    def watch_prediction(self, served: Served) -> None:
        """Tell the plugin of `served.vertical` of a prediction; what it raises is logged with the plugin's name."""
        self._tell_owner(served.vertical, "on_prediction", served=served)

    def watch_feedback(self, reviewed: Reviewed) -> None:
        """Tell the plugin of `reviewed.vertical` of feedback; what it raises is logged with the plugin's name."""
        self._tell_owner(reviewed.vertical, "on_feedback", reviewed=reviewed)

    def _tell_owner(self, vertical: str, hook: str, **arguments: object) -> None:
        # A vertical may have been uninstalled while what it served was still in the queue.
        manager = self.managers.get(vertical)
        if manager is not None:
            self._tell(vertical, manager, hook, **arguments)

    def _tell(self, name: str, manager: pluggy.PluginManager, hook: str, **arguments: object) -> bool:
        asked = self._ask(name, manager, hook, **arguments)
        if asked.error is not None:
            # What a hook says that was told of a tenant's data may quote them.
            told = describe(asked.error) if hook == "register_commands" else type(asked.error).__name__
            _log.error("plugin %r: its hook %s raised %s", name, hook, told, exc_info=asked.error)
        return asked.error is None

    def _ask(self, name: str, manager: pluggy.PluginManager, hook: str, **arguments: object) -> Outcome:
        """Ask one hook of one plugin, each on a thread of its own, so that what hangs keeps nobody else waiting."""
        if not implements(manager, hook):
            return Outcome()
        return self._calls[name, hook].attempt(lambda: ask(manager, hook, **arguments), self.hook_seconds)


def _holds_commands(group: typer.Typer) -> bool:
    return bool(group.registered_commands or group.registered_groups)


def load_plugins(
    *,
    strict: bool = False,
    entry_points: Iterable[EntryPoint] | None = None,
    only: str | None = None,
    check_heads: CheckHeads | None = None,
    probe: Probe | None = None,
    seconds: float = LOAD_SECONDS,
) -> Catalogue:
    """Return the catalogue of every installed plugin, or of the given entry points.

    With `only`, and where a plugin of that name is installed, no other is imported. `check_heads` takes the import
    paths of the plugins' own heads and returns path -> what is wrong with it; without it they are not imported.
    `probe` finds the plugins that must not be imported here, as they hang or end the process (see `probe_in_child`).
    Each step of a load may take `seconds`. Raises `PluginError` that names each quarantined plugin when `strict`.
    """
    if only is not None and entry_points is None:
        entry_points = list(installed(group=GROUP, name=only)) or None
    found = discover(entry_points, Loading(seconds=seconds, check_heads=check_heads, probe=probe))
    loaded = {item.vertical.name: item for item in found if isinstance(item, LoadedPlugin)}
    records = [ready(item.origin, item.seconds) if isinstance(item, LoadedPlugin) else item for item in found]
    if strict:
        _refuse_quarantined(records)
    return Catalogue(
        plugins=tuple(records),
        verticals=MappingProxyType({name: item.vertical for name, item in loaded.items()}),
        managers=MappingProxyType({name: item.manager for name, item in loaded.items()}),
    )


def _refuse_quarantined(plugins: Iterable[PluginRecord]) -> None:
    broken = [plugin for plugin in plugins if plugin.state == "quarantined"]
    if broken:
        told = "\n".join(f"- [{plugin.phase}] {plugin.error}. What to do: {plugin.hint}" for plugin in broken)
        names = ", ".join(plugin.name for plugin in broken)
        raise PluginError(f"quarantined, and plugins are strict: {names}\n{told}", code="plugins_quarantined")
