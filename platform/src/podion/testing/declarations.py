"""Checks of a plugin's declaration: loaded, of this version, with words in both languages."""

from collections.abc import Sequence

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
