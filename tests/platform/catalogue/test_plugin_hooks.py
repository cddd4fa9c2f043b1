"""Every hook: when it is called, and what becomes of what it returns or raises. One test a hook, by its name."""

import dataclasses
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from podion.catalogue.plugin_hooks import hook_names
from podion.errors import NotFound
from podion.hookspecs import Candidate, Reviewed, Served

CANDIDATE = Candidate(tenant="ten_1", vertical="fine", task="judge", adapter="a1", metrics={"test": {"macro_f1": 0.4}})
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SERVED = Served(tenant="ten_1", vertical="fine", task="judge", prediction_id="prd_1", answer={"label": "a"}, at=NOW)
REVIEWED = Reviewed(
    tenant="ten_1", vertical="fine", task="judge", prediction_id="prd_1", label="b", value=None, comment=None, at=NOW
)
NOTES = """
notes = []

@hookimpl
def on_prediction(served):
    notes.append(served)

@hookimpl
def on_feedback(reviewed):
    notes.append(reviewed)
"""


def _module(name: str) -> Any:
    import sys

    return sys.modules[f"podion_{name}.plugin"]


def test_every_hook_has_a_test_here() -> None:
    missing = [name for name in hook_names() if f"test_hook_{name}" not in globals()]
    assert not missing


def test_hook_register_vertical(shelf: Any) -> None:
    shelf.add("fine")
    catalogue = shelf.load()
    assert catalogue.vertical("fine").title == {"en": "A", "zh": "甲"}


def test_hook_register_commands(shelf: Any, good_plugin: Any, caplog: pytest.LogCaptureFixture) -> None:
    more = """
    @hookimpl
    def register_commands(cli):
        @cli.command()
        def greet(name: str) -> None:
            print(f"hello {name}")

        @cli.command()
        def leave() -> None:
            print("bye")
    """
    shelf.add("two_words", good_plugin("two_words", more))
    shelf.add("quiet")
    shelf.add("raising", good_plugin("raising", "@hookimpl\ndef register_commands(cli): raise SystemExit('no')"))
    cli = typer.Typer()
    cli.command("version")(lambda: None)
    with caplog.at_level(logging.ERROR):
        shelf.load().add_commands(cli)
    assert CliRunner().invoke(cli, ["two-words", "greet", "you"]).output == "hello you\n"
    assert [group.name for group in cli.registered_groups] == ["two-words"]
    assert "plugin 'raising': its hook register_commands raised SystemExit: no" in caplog.text


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return None", None),
        ("return 'too weak: ' + str(candidate.metrics['test']['macro_f1'])", "too weak: 0.4"),
        ("return ''", "The plugin 'fine' says no and gives no reason."),
        ("return True", "answered may_deploy with bool"),
        ("raise ValueError('lost')", "may_deploy raised ValueError: lost (in podion_fine.plugin"),
        ("raise SystemExit(1)", "may_deploy raised SystemExit: 1"),
    ],
)
def test_hook_may_deploy(shelf: Any, good_plugin: Any, body: str, told: str | None) -> None:
    shelf.add("fine", good_plugin("fine", f"@hookimpl\ndef may_deploy(candidate): {body}"))
    shelf.add("nosy", good_plugin("nosy", "@hookimpl\ndef may_deploy(candidate): return 'not my business'"))
    objections = shelf.load().objections(CANDIDATE)
    if told is None:
        assert objections == []
    else:
        [objection] = objections
        assert told in objection


def test_a_plugin_without_the_hook_lets_its_candidates_serve(shelf: Any) -> None:
    shelf.add("fine")
    assert shelf.load().objections(CANDIDATE) == []


def test_a_candidate_of_no_vertical_is_not_found(shelf: Any) -> None:
    with pytest.raises(NotFound, match="no vertical 'fine'"):
        shelf.load().objections(CANDIDATE)


def test_hook_on_prediction(shelf: Any, good_plugin: Any, caplog: pytest.LogCaptureFixture) -> None:
    shelf.add("fine", good_plugin("fine", NOTES))
    shelf.add("nosy", good_plugin("nosy", NOTES))
    catalogue = shelf.load()
    catalogue.watch_prediction(SERVED)
    assert _module("fine").notes == [SERVED]
    assert _module("nosy").notes == []  # another vertical's answers are not its business


def test_hook_on_feedback(shelf: Any, good_plugin: Any) -> None:
    shelf.add("fine", good_plugin("fine", NOTES))
    shelf.add("nosy", good_plugin("nosy", NOTES))
    shelf.load().watch_feedback(REVIEWED)
    assert _module("fine").notes == [REVIEWED]
    assert _module("nosy").notes == []


def test_what_a_watching_hook_raises_is_logged_with_its_name(
    shelf: Any, good_plugin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    raising = "@hookimpl\ndef on_prediction(served): raise ValueError('lost')\n"
    raising += "@hookimpl\ndef on_feedback(reviewed): raise SystemExit(2)\n"
    shelf.add("fine", good_plugin("fine", raising))
    catalogue = shelf.load()
    with caplog.at_level(logging.ERROR):
        catalogue.watch_prediction(SERVED)
        catalogue.watch_feedback(REVIEWED)
    assert "plugin 'fine': its hook on_prediction raised ValueError" in caplog.text
    assert "plugin 'fine': its hook on_feedback raised SystemExit" in caplog.text


def test_what_is_left_in_the_queue_of_a_removed_vertical_is_dropped(shelf: Any) -> None:
    catalogue = shelf.load()
    catalogue.watch_prediction(SERVED)
    catalogue.watch_feedback(REVIEWED)


def test_a_hook_may_take_fewer_arguments(shelf: Any, good_plugin: Any) -> None:
    shelf.add("fine", good_plugin("fine", "@hookimpl\ndef may_deploy(): return 'closed today'"))
    assert shelf.load().objections(CANDIDATE) == ["closed today"]


def test_a_hook_of_a_later_version_may_be_optional(shelf: Any, good_plugin: Any) -> None:
    shelf.add("fine", good_plugin("fine", "@hookimpl(optionalhook=True)\ndef on_alert(alert): ..."))
    assert shelf.record("fine").state == "ready"


HANGING = """
    import threading
    from podion import Candidate, Reviewed, Served


    @hookimpl
    def may_deploy(candidate: Candidate) -> None:
        threading.Event().wait()


    @hookimpl
    def on_prediction(served: Served) -> None:
        threading.Event().wait()


    @hookimpl
    def register_commands(cli) -> None:
        threading.Event().wait()
"""


def test_a_hook_that_hangs_is_left_behind(shelf: Any, good_plugin: Any, caplog: pytest.LogCaptureFixture) -> None:
    shelf.add("slow", good_plugin("slow", HANGING))
    catalogue = dataclasses.replace(shelf.load(), hook_seconds=0.1)
    [reason] = catalogue.objections(dataclasses.replace(CANDIDATE, vertical="slow"))
    assert "'slow' could not judge the candidate" in reason and "longer than 0.1 seconds" in reason
    [again] = catalogue.objections(dataclasses.replace(CANDIDATE, vertical="slow"))
    assert "has not ended" in again
    catalogue.watch_prediction(dataclasses.replace(SERVED, vertical="slow"))
    assert "plugin 'slow': its hook on_prediction raised CallTooLong" in caplog.text
    cli = typer.Typer()
    catalogue.add_commands(cli)
    assert not cli.registered_groups
    assert catalogue.verticals["slow"]
