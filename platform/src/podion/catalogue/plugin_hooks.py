"""A plugin's answers to the platform's questions; each plugin has a relay of its own, so a failure has one owner."""

import inspect
from collections.abc import Callable
from typing import Any

import pluggy

from podion import hookspecs
from podion.catalogue.plugin_record import Broken, Origin, Phase, Problem, describe
from podion.catalogue.suggestions import did_you_mean, listed

REQUIRED = "register_vertical"


def _specified() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def hook_names() -> tuple[str, ...]:
    """Return the names of every hook there is, sorted."""
    return tuple(sorted(name for name, hook in vars(_specified().hook).items() if isinstance(hook, pluggy.HookCaller)))


def verified(origin: Origin, plugin: object) -> pluggy.PluginManager:
    """Return the relay to one plugin; raises `Broken` for unknown hooks, wrong arguments and a missing vertical."""
    if inspect.isclass(plugin):
        cause = f"its entry point names the class {plugin.__name__}; a module or an instance is allowed"
        raise Broken(Phase.VERIFIED, [Problem(cause, "name the module in the entry point")])
    manager = _specified()
    try:
        manager.register(plugin, name=origin.name)
    except (pluggy.PluginValidationError, ValueError, TypeError) as error:
        cause = " ".join(str(error).split())
        hint = "take only the arguments that docs/hooks.md shows for this hook"
        raise Broken(Phase.VERIFIED, [Problem(cause, hint)]) from error
    problems = [*_unknown(manager, plugin), *_unmarked(manager, plugin), *_missing(manager, plugin)]
    if problems:
        raise Broken(Phase.VERIFIED, problems)
    return manager


def _implemented(manager: pluggy.PluginManager, plugin: object) -> list[pluggy.HookCaller]:
    return manager.get_hookcallers(plugin) or []


def _unknown(manager: pluggy.PluginManager, plugin: object) -> list[Problem]:
    names = hook_names()
    return [
        Problem(
            f"implements the hook {hook.name!r}, which does not exist.{did_you_mean(hook.name, names)}"
            f" There are: {listed(names)}",
            f"rename {hook.name!r}, or mark it `hookimpl(optionalhook=True)` if a later version has it",
        )
        for hook in _implemented(manager, plugin)
        if not hook.has_spec() and not all(implementation.optionalhook for implementation in hook.get_hookimpls())
    ]


def _unmarked(manager: pluggy.PluginManager, plugin: object) -> list[Problem]:
    marked = {hook.name for hook in _implemented(manager, plugin)}
    return [
        Problem(f"has a function {name!r} that is not marked `@hookimpl`", f"write `@hookimpl` above {name!r}")
        for name in hook_names()
        if name not in marked and inspect.isfunction(getattr(plugin, name, None))
    ]


def _missing(manager: pluggy.PluginManager, plugin: object) -> list[Problem]:
    if REQUIRED in {hook.name for hook in _implemented(manager, plugin)} or hasattr(plugin, REQUIRED):
        return []
    cause = f"does not implement the hook {REQUIRED!r}; exactly one is required"
    return [Problem(cause, "return a podion.Vertical from it, as docs/write-a-plugin.md shows")]


def ask(manager: pluggy.PluginManager, hook: str, **arguments: Any) -> Any:
    """Return the plugin's answer to a hook, None when it does not implement it; raises what the plugin raises."""
    answers = getattr(manager.hook, hook)(**arguments)
    return answers[0] if answers else None


def implements(manager: pluggy.PluginManager, hook: str) -> bool:
    """Return whether the plugin answers a hook at all."""
    return bool(getattr(manager.hook, hook).get_hookimpls())


def implementations(manager: pluggy.PluginManager) -> dict[str, Callable[..., object]]:
    """Return the plugin's own functions by the name of the hook they answer."""
    return {name: found[0].function for name in hook_names() if (found := getattr(manager.hook, name).get_hookimpls())}


def declared(manager: pluggy.PluginManager) -> object:
    """Return what the plugin declares, unchecked; raises `Broken` when its hook raises."""
    try:
        return ask(manager, REQUIRED)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        cause = f"its hook {REQUIRED!r} raised {describe(error)}"
        hint = "mend the declaration; a field unknown to this platform may need a newer one"
        raise Broken(Phase.DECLARED, [Problem(cause, hint)]) from error
