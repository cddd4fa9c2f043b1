"""A vertical's own story: who tells it, and what its chart looks like."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi import APIRouter

from podion.cli.own_story import TenantTeller, drawn, tell_own
from podion.cli.telling import Told
from podion.errors import PluginError
from podion.teller import Teller
from podion.vertical import Standard, Vertical


class Recorder:
    """Stands for the client: keeps what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        self.asked.append(("GET", path, query))
        return {"id": "x1"}

    def post(self, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        self.asked.append(("POST", path, body))
        return {}


def told_by(teller: Teller) -> None:
    """A story of three calls."""
    teller.say("One", "a line", seen=teller.get("/things/1", deep=True)["id"])
    teller.post("/v1/webhooks", {"url": "https://example.org"})
    teller.deploy("mark", "a1b2")
    teller.chart("How many", [("some", 2.0), ("more", 4.0)])


VERTICAL = Vertical(name="two_words", title={"en": "Two", "zh": "二"}, tasks=())


def test_paths_are_the_verticals_own_unless_they_say_v1() -> None:
    client, told = Recorder(), Told()
    tell_own(told, client, replace(VERTICAL, story=f"{__name__}:told_by"))  # type: ignore[arg-type]
    assert [(verb, path) for verb, path, _ in client.asked] == [
        ("GET", "/v1/two-words/things/1"),
        ("POST", "/v1/webhooks"),
        ("POST", "/v1/two-words/deployments"),
    ]
    assert told.facts == {"two_words": {"seen": "x1"}}
    assert any("How many" in line for line in told.lines)


def test_paths_of_a_standard_are_at_the_root() -> None:
    standard = Standard(name="s", prefix="/root-place", router=APIRouter())
    client = Recorder()
    teller = TenantTeller(Told(), client, replace(VERTICAL, standards=(standard,)))  # type: ignore[arg-type]
    for path in ("/root-place", "/root-place/x", "/root-places"):
        teller.get(path)
    assert [path for _, path, _ in client.asked] == ["/root-place", "/root-place/x", "/v1/two-words/root-places"]


@pytest.mark.parametrize("story", ["nowhere:tell", f"{__name__}:nothing", "no_colon", ""])
def test_a_story_that_does_not_load_names_its_vertical(story: str) -> None:
    with pytest.raises(PluginError, match="two_words"):
        tell_own(Told(), Recorder(), replace(VERTICAL, story=story))  # type: ignore[arg-type]


def test_bars_are_as_long_as_their_values() -> None:
    title, short, long = drawn("T", [("a", 1.0), ("bcd", 2.0)], " %")
    assert title == "T"
    assert 2 * short.count("█") == long.count("█") == 40
    assert short.index("█") == long.index("█")
    assert long.endswith("2 %")


def test_nothing_and_zeros_can_be_drawn() -> None:
    assert drawn("T", []) == ["T"]
    assert "█" not in drawn("T", [("a", 0.0)])[1]
