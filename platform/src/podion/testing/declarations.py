"""Checks of a plugin's declaration: loaded, of this version, with words in both languages."""

import inspect
from collections.abc import Callable, Mapping, Sequence

from packaging.specifiers import SpecifierSet

from podion.catalogue.plugin_record import GROUP, PluginRecord
from podion.vertical import API_VERSION, Vertical


def check_ready(name: str, plugins: Sequence[PluginRecord]) -> None:
    """Raise `AssertionError` unless exactly one plugin of that name is installed and ready."""
    assert plugins, (
        f"no plugin {name!r} is installed: name it in pyproject.toml under"
        f' [project.entry-points."{GROUP}"] and install the distribution again'
    )
    for plugin in plugins:
        assert plugin.state == "ready", f"[{plugin.phase}] {plugin.error}. What to do: {plugin.hint}"


def check_version(vertical: Vertical) -> None:
    """Raise `AssertionError` unless the vertical fits this API and refuses the next major one."""
    allowed = SpecifierSet(vertical.requires_api)
    assert allowed.contains(API_VERSION), f"{vertical.name} needs API {allowed}; this platform speaks {API_VERSION}"
    following = int(API_VERSION.split(".", maxsplit=1)[0]) + 1
    assert not allowed.contains(f"{following}.0"), (
        f"{vertical.name} claims to fit API {following}.0, which nobody has seen:"
        f' write requires_api=">={API_VERSION},<{following}"'
    )


def check_titles(vertical: Vertical) -> None:
    """Raise `AssertionError` unless the English title has letters and the Chinese one has Chinese characters."""
    english, chinese = vertical.title["en"], vertical.title["zh"]
    assert any("a" <= letter <= "z" for letter in english.lower()), f"the English title is {english!r}: it has no word"
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), (
        f"the Chinese title is {chinese!r}: it has no Chinese character"
    )


def check_same_each_time(declare: Callable[[], object]) -> None:
    """Raise `AssertionError` when the plugin declares something else the second time it is asked."""
    first, second = (_outline(declare()) for _ in range(2))
    differing = [name for name in first if first[name] != second.get(name)]
    assert not differing, (
        f"`register_vertical` declares another {', '.join(differing)} when it is asked again: server, engine and runs"
        " each ask once, and must hear the same"
    )


def check_hooks_are_plain(hooks: Mapping[str, Callable[..., object]]) -> None:
    """Raise `AssertionError` that names a hook which nobody would wait for: a coroutine or a generator."""
    for name, hook in hooks.items():
        kinds = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        assert not any(kind(hook) for kind in kinds), f"the hook {name} is no plain function: take away async and yield"


def check_config(vertical: Vertical) -> None:
    """Raise `AssertionError` unless the defaults of the config are valid settings, as a tenant would send them."""
    if vertical.config is None:
        return
    sent = vertical.config().model_dump(mode="json")
    try:
        again = vertical.config.model_validate(sent)
    except ValueError as error:
        raise AssertionError(f"the defaults of {vertical.config.__name__} are not valid themselves: {error}") from error
    assert again.model_dump(mode="json") == sent, (
        f"the defaults of {vertical.config.__name__} change when they are sent"
    )
    words = [name for name, field in vertical.config.model_fields.items() if not (field.description or "").strip()]
    assert not words, f"{vertical.config.__name__} does not say what {', '.join(words)} means: give a description"


def _outline(declaration: object) -> dict[str, object]:
    assert isinstance(declaration, Vertical), f"`register_vertical` returned {type(declaration).__name__}"
    tasks = [
        (task.name, task.record.model_json_schema(), task.answer_schema.model_json_schema(), task.labels, task.methods)
        for task in declaration.tasks
    ]
    plain = ("name", "title", "requires_api", "risk_class", "sample")
    config = declaration.config.model_json_schema() if declaration.config else None
    return {name: getattr(declaration, name) for name in plain} | {"tasks": tasks, "config": config}
