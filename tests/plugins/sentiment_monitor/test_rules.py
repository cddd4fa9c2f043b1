"""Rules say what they mean, and refuse what cannot be meant."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from podion_sentiment_monitor.episodes import Vigil, fingerprint
from podion_sentiment_monitor.looking import Look, first_expected
from podion_sentiment_monitor.rules import Quiet, RuleDraft


@pytest.mark.parametrize(
    "wrong",
    [
        {"window": "7m"},
        {"window": "2d"},
        {"window": "1 hour"},
        {"baseline": "1h"},
        {"min_history": "60d"},
        {"ratio": 0.5},
        {"fdr": 0},
        {"over": "country"},
        {"over": "all", "names": ["x"]},
        {"quiet": {"begin": "22:00", "end": "07:00", "zone": "Mars/Base"}},
        {"name": " "},
        {"tenant": "other"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RuleDraft.model_validate({"name": "r", **wrong})


def test_a_rule_knows_its_subjects() -> None:
    rule = RuleDraft(name="r", over="entity", names=["A|B"], sentiment="negative")
    assert rule.subject("entity|negative|A|B") == "A|B"
    assert rule.subject("entity|positive|A|B") is None
    assert rule.subject("topic|negative|A|B") is None
    assert RuleDraft(name="r", over="all", sentiment=None).subject("all|positive|") == ""


def test_quiet_hours_go_over_midnight_in_their_own_zone() -> None:
    quiet = Quiet.model_validate({"begin": "22:00", "end": "07:00", "zone": "Asia/Shanghai"})
    assert quiet.holds(datetime(2026, 7, 1, 15, 0, tzinfo=UTC))
    assert not quiet.holds(datetime(2026, 7, 1, 4, 0, tzinfo=UTC))


def test_what_is_judged_is_no_part_of_what_it_is_judged_by() -> None:
    rule = RuleDraft(name="r", window="1h", grace="2h")
    end = 500_000 * 3600 + 300
    assert first_expected(rule, end) * 3600 <= end - 3 * 3600
    assert first_expected(rule, end) == first_expected(rule, 500_001 * 3600)


def look(end: int, observed: float, expected: float = 1.0, found: bool = False) -> Look:
    import numpy as np

    one = np.array([observed])
    return Look(end, ["s"], one, np.array([expected]), np.array([1e-6]), (0,) if found else ())


def test_an_episode_has_hysteresis_and_a_cooldown() -> None:
    vigil = Vigil(RuleDraft(name="r", min_stories=8, ratio=3, cooldown="6h"))
    hour = 3600
    assert [each.open for each in vigil.see(look(hour, 9, found=True))] == [True]
    assert vigil.see(look(2 * hour, 9, found=True))[0].began == hour
    assert vigil.see(look(3 * hour, 5))[0].open  # half the support is enough to go on
    assert vigil.see(look(3 * hour + 300, 3)) == []  # below it, and not yet for a window
    [ended] = vigil.see(look(4 * hour, 3))
    assert (ended.open, ended.ended) == (False, 4 * hour)
    assert vigil.see(look(9 * hour, 50, found=True)) == []
    assert [each.open for each in vigil.see(look(10 * hour, 50, found=True))] == [True]


def test_a_late_look_begins_an_episode_and_ends_none() -> None:
    vigil = Vigil(RuleDraft(name="r"))
    vigil.see(look(10_800, 9, found=True))
    assert vigil.see(look(21_600, 0), newest=False) == []
    assert [each.open for each in vigil.see(look(21_600, 0))] == [False]


def test_a_fingerprint_is_of_rule_and_subject() -> None:
    assert fingerprint("a", "b") == fingerprint("a", "b") != fingerprint("ab", "")
    assert len(fingerprint("a", "b")) == 16


def test_every_setting_of_a_rule_is_on_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sentiment-monitor.md").read_text(encoding="utf-8")
    assert {name for name in RuleDraft.model_fields if f"`{name}`" not in page} <= {"name", "severity", "enabled"}
