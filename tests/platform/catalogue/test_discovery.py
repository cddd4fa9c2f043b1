"""One broken plugin is quarantined with its name, phase, distribution and cause; the others serve."""

import re
from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from podion.catalogue.catalogue import load_plugins
from podion.catalogue.plugin_record import GROUP
from podion.errors import PluginError

Source = Callable[..., str]

BROKEN = [
    ("import a_module_that_nobody_has", "imported", r"No module named 'a_module_that_nobody_has'", "install what it"),
    ("from podion import LabelHaed", "imported", r"cannot import name 'LabelHaed'", "mend it"),
    ("from podion import AlertRule", "imported", r"podion 0\.1 does not have AlertRule yet", "mend it"),
    ("def broken(:", "imported", r"SyntaxError", "mend it"),
    ("raise SystemExit(3)", "imported", r"SystemExit: 3", "sys.exit"),
    ("1 / 0", "imported", r"ZeroDivisionError: division by zero \(in podion_bad\.plugin, line 1\)", "mend it"),
    ("", "verified", r"does not implement the hook 'register_vertical'", "write-a-plugin"),
    (
        "from podion import hookimpl\n@hookimpl\ndef register_verticle(): ...",
        "verified",
        r"'register_verticle', which does not exist\. Did you mean 'register_vertical'\?",
        "rename",
    ),
    ("def register_vertical(): ...", "verified", r"not marked `@hookimpl`", "write `@hookimpl`"),
    (
        "from podion import hookimpl\n@hookimpl\ndef register_vertical(): ...\n"
        "@hookimpl\ndef may_deploy(candidate, colour): ...",
        "verified",
        r"may_deploy.*colour",
        "docs/hooks.md",
    ),
    (
        "from podion import hookimpl\n@hookimpl\ndef register_vertical(): raise KeyError('lost')",
        "declared",
        r"'register_vertical' raised KeyError: 'lost' \(in podion_bad\.plugin, line 3\)",
        "mend the declaration",
    ),
    (
        "from podion import hookimpl\n@hookimpl\ndef register_vertical(): raise SystemExit",
        "declared",
        r"raised SystemExit",
        "mend the declaration",
    ),
    (
        "from podion import hookimpl, Vertical\n@hookimpl\ndef register_vertical(): return Vertical(colour='red')",
        "declared",
        r"unexpected keyword argument 'colour'",
        "newer one",
    ),
    (
        "from podion import hookimpl\n@hookimpl\ndef register_vertical(): return {'name': 'bad'}",
        "declared",
        r"returned dict; a podion\.Vertical is allowed",
        "return the Vertical",
    ),
    (
        "from podion import hookimpl\n@hookimpl\ndef register_vertical(): return None",
        "declared",
        r"returned NoneType",
        "return the Vertical",
    ),
    (
        "from podion import Vertical, hookimpl\n@hookimpl\n"
        "def register_vertical(): return Vertical(name=7, title={'en': 'A', 'zh': 'B'}, tasks=())",
        "declared",
        r"cannot be read: TypeError",
        "the type",
    ),
]


@pytest.mark.parametrize(("source", "phase", "cause", "hint"), BROKEN)
def test_a_broken_plugin_stands_apart(shelf: Any, source: str, phase: str, cause: str, hint: str) -> None:
    shelf.add("bad", source)
    shelf.add("fine")
    catalogue = shelf.load()
    bad, fine = catalogue.plugins
    assert (bad.name, bad.state, bad.phase) == ("bad", "quarantined", phase)
    assert (bad.distribution, bad.version) == ("podion-bad", "1.2")
    assert bad.error.startswith("plugin 'bad' (podion-bad 1.2): ")
    assert re.search(cause, bad.error), bad.error
    assert hint in bad.hint
    assert (fine.state, fine.phase, fine.error, fine.hint) == ("ready", "ready", None, None)
    assert list(catalogue.verticals) == ["fine"]


def test_all_that_is_installed_is_found_by_default() -> None:
    catalogue = load_plugins()
    praise = next(plugin for plugin in catalogue.plugins if plugin.name == "praise")
    assert (praise.distribution, praise.version, praise.state) == ("podion-praise", "0.1.0", "ready")
    assert praise.import_seconds >= 0


def test_nothing_installed_is_an_empty_catalogue() -> None:
    catalogue = load_plugins(entry_points=())
    assert catalogue.plugins == ()
    assert dict(catalogue.verticals) == {}


def test_two_claims_of_one_name_refuse_both(shelf: Any) -> None:
    """Pluggy's own loader would take one of them in silence."""
    shelf.add("twin")
    shelf.add("twin", distribution="stranger-twin")
    shelf.add("fine")
    catalogue = shelf.load()
    twins = [plugin for plugin in catalogue.plugins if plugin.name == "twin"]
    assert {twin.distribution for twin in twins} == {"podion-twin", "stranger-twin"}
    for twin in twins:
        assert (twin.state, twin.phase) == ("quarantined", "discovered")
        assert "podion-twin 1.2 and stranger-twin 1.2" in str(twin.error)
        assert "uninstall all but one of podion-twin, stranger-twin" in str(twin.hint)
    assert list(catalogue.verticals) == ["fine"]


def test_two_names_of_one_place_in_urls_refuse_both(shelf: Any) -> None:
    shelf.add("two_words")
    shelf.add("other", entry="two-words")
    assert {plugin.phase for plugin in shelf.load().plugins} == {"discovered"}


def test_one_plugin_cannot_take_the_name_of_another(shelf: Any, good_plugin: Source) -> None:
    """The claim of a name that is not one's own is refused, and the owner is not harmed by it."""
    shelf.add("owner")
    shelf.add("thief", good_plugin("owner"))
    catalogue = shelf.load()
    assert list(catalogue.verticals) == ["owner"]
    thief = catalogue.plugins[1]
    assert (thief.state, thief.phase) == ("quarantined", "declared")
    assert "'owner' and the entry point's is 'thief'" in str(thief.error)


def test_an_entry_point_without_a_distribution_is_named_so() -> None:
    [record] = load_plugins(entry_points=[EntryPoint("ghost", "podion_ghost.plugin", GROUP)]).plugins
    assert (record.distribution, record.version, record.phase) == ("no distribution", "?", "imported")


def test_a_class_is_no_plugin(shelf: Any, good_plugin: Source) -> None:
    shelf.add("classy", good_plugin("classy", "class Plugin: ..."))
    entry = EntryPoint("classy", "podion_classy.plugin:Plugin", GROUP)
    [record] = load_plugins(entry_points=[entry]).plugins
    assert (record.phase, "names the class Plugin" in str(record.error)) == ("verified", True)


def test_every_problem_is_told_at_once_up_to_five(shelf: Any, good_plugin: Source) -> None:
    source = good_plugin("many").replace('name="judge"', 'name="Judge"').replace('{"en": "A", "zh": "甲"}', "{}")
    source = source.replace('dependencies=[requires("predict")]', "").replace(" -> Prediction", "")
    source = source.replace("head=LabelHead()", 'head="nowhere", keep=0, minimum_rows=0, methods=()')
    shelf.add("many", source)
    record = shelf.record("many")
    assert record.error is not None
    assert record.error.count(";") >= 5
    assert record.error.endswith("more")


def test_strict_stops_with_every_name(shelf: Any) -> None:
    shelf.add("fine")
    shelf.load(strict=True)
    shelf.add("bad", "1 / 0")
    shelf.add("worse", "")
    with pytest.raises(PluginError, match="bad, worse") as caught:
        shelf.load(strict=True)
    assert "ZeroDivisionError" in caught.value.detail
    assert "What to do" in caught.value.detail


def test_a_ready_made_head_is_never_checked(shelf: Any) -> None:
    shelf.add("fine")

    def refuse(paths: Sequence[str]) -> dict[str, str]:
        raise AssertionError(paths)

    assert shelf.load(check_heads=refuse).plugins[0].state == "ready"


def test_a_head_that_does_not_load_quarantines_its_plugin(shelf: Any, good_plugin: Source) -> None:
    for name in ("bad", "own"):
        shelf.add(name, good_plugin(name).replace("LabelHead()", f'"podion_{name}.heads:Own"'))
    shelf.add("fine")
    asked: list[Sequence[str]] = []

    def check(paths: Sequence[str]) -> dict[str, str]:
        asked.append(paths)
        return {"podion_bad.heads:Own": "ImportError: no torch today"}

    catalogue = shelf.load(check_heads=check)
    assert asked == [["podion_bad.heads:Own", "podion_own.heads:Own"]]
    assert list(catalogue.verticals) == ["fine", "own"]
    bad = catalogue.plugins[0]
    assert (bad.state, bad.phase) == ("quarantined", "declared")
    assert "'podion_bad.heads:Own' does not load: ImportError: no torch today" in str(bad.error)


def test_heads_are_left_alone_without_a_check(shelf: Any, good_plugin: Source) -> None:
    shelf.add("own", good_plugin("own").replace("LabelHead()", '"podion_own.nothing_there:Own"'))
    assert shelf.record("own").state == "ready"


def test_the_catalogue_is_frozen(shelf: Any) -> None:
    shelf.add("fine")
    catalogue = shelf.load()
    with pytest.raises(FrozenInstanceError):
        catalogue.plugins = ()
    with pytest.raises(TypeError):
        catalogue.verticals["other"] = catalogue.verticals["fine"]


def test_only_loads_one_and_leaves_the_others_alone(shelf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.add("bad", "raise AssertionError('nobody asked for this one')")
    assert "bad" not in {plugin.name for plugin in load_plugins(only="praise").plugins}
    assert list(load_plugins(only="praise").verticals) == ["praise"]
    everything = {plugin.name for plugin in load_plugins(only="nobody_has_this_name").plugins}
    assert {"bad", "praise"} <= everything, "to say what there is instead"


@pytest.mark.parametrize(
    ("source", "phase"),
    [
        ("import threading\nthreading.Event().wait()\n", "imported"),
        (
            "import threading\nfrom podion import hookimpl\n@hookimpl\n"
            "def register_vertical(): threading.Event().wait()\n",
            "declared",
        ),
    ],
    ids=["waits", "declares"],
)
def test_a_plugin_that_hangs_stands_apart(shelf: Any, source: str, phase: str) -> None:
    shelf.add("alpha")
    shelf.add(f"hangs_{phase}", source)  # the lock of a module that hangs is never given back
    shelf.add("omega")
    catalogue = shelf.load(seconds=0.5)
    assert list(catalogue.verticals) == ["alpha", "omega"]
    record = catalogue.plugins[1]
    assert (record.phase, "longer than 0.5 seconds" in str(record.error)) == (phase, True)


def test_a_slow_import_is_worth_a_line(
    shelf: Any, good_plugin: Source, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("podion.catalogue.discovery.SLOW_IMPORT_SECONDS", 0.05)
    shelf.add("slow", "import time\ntime.sleep(0.1)\n" + good_plugin("slow"))
    assert shelf.record("slow").state == "ready"
    assert "plugin 'slow' (podion-slow 1.2): importing 'podion_slow.plugin' took 0.1 seconds" in caplog.text
