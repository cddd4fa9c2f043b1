"""Reposts and touched-up copies are one story; other facts are another."""

import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from surge_bench.duplicates import COMPANIES, copies, pair_f1

from podion_sentiment_monitor.entities import Entity, Spotter
from podion_sentiment_monitor.likeness import Verdict, compare, told
from podion_sentiment_monitor.shelves import SHELF_HOLDS, Ledger, shelved, unpacked
from podion_sentiment_monitor.sketches import shingles
from podion_sentiment_monitor.stories import Known, Likely, Pairing, assigned, draft, likely, pairings

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
NEWS = (
    "Harbour Bank customers queue after transfer delays hit branches in Eastport, about 120 people waited on Wednesday"
)
ZH_NEWS = "海港银行转账延迟，东港市多家网点客户排队，周三约120人等候，银行表示系统正在修复"


@pytest.mark.parametrize(
    "copy",
    [
        f"RT @citydesk: {NEWS}",
        f"{NEWS} via @citydesk",
        f"Repost: {NEWS} https://t.example/x",
        NEWS[: len(NEWS) * 2 // 3] + "…",
        NEWS.upper(),
    ],
)
def test_a_repost_is_the_same_report(copy: str) -> None:
    assert compare(told(NEWS), told(copy)) is Verdict.SAME
    assert compare(told(copy), told(NEWS)) is Verdict.SAME


@pytest.mark.parametrize("copy", [f"转载：{ZH_NEWS}", f"【转】{ZH_NEWS}", f"{ZH_NEWS} 来源：晨报", ZH_NEWS[:24] + "…"])
def test_a_chinese_repost_is_the_same_report(copy: str) -> None:
    assert compare(told(ZH_NEWS), told(copy)) is Verdict.SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NEWS, NEWS.replace("120", "12")),
        (ZH_NEWS, ZH_NEWS.replace("120", "150")),
        (NEWS, NEWS.replace("hit branches", "did not hit branches")),
        (NEWS, "Oakline Motors recalls 400 cars in the northern region after battery faults were reported"),
        ("up", "up we go"),
        ("", ""),
    ],
)
def test_other_facts_are_another_report(one: str, other: str) -> None:
    assert compare(told(one), told(other)) is Verdict.DIFFERENT


def test_the_same_words_about_another_company_are_another_report() -> None:
    spotter = Spotter([Entity(name="Harbour Bank"), Entity(name="Oakline Motors")])
    other = NEWS.replace("Harbour Bank", "Oakline Motors")
    sides = [told(text, frozenset(each.entity for each in spotter.mentions(text))) for text in (NEWS, other)]
    assert compare(*sides) is Verdict.DIFFERENT


def test_touched_up_words_are_left_to_meaning() -> None:
    text = NEWS.replace("customers queue", "clients wait").replace("people", "persons")
    assert compare(told(NEWS), told(text)) is Verdict.UNCLEAR


def test_generated_near_duplicates_are_filed_as_they_should_be() -> None:
    texts = copies(120, seed=7)
    spotter = Spotter([Entity(name=name) for names in COMPANIES.values() for name in names])
    drafts = [
        draft(str(place), NOON + timedelta(seconds=place), each.text, [m.entity for m in spotter.mentions(each.text)])
        for place, each in enumerate(texts)
    ]
    near = likely(drafts, Known.nothing())
    homes = assigned(drafts, near, dict.fromkeys(pairings(drafts, near, {}), True), {})
    precision, recall, f1 = pair_f1([each.story for each in texts], homes)
    assert f1 >= 0.95, (precision, recall, f1)


def test_copies_are_held_against_the_beginning_so_a_story_does_not_drift() -> None:
    other = "Oakline Motors recalls cars in the northern region after battery faults were reported"
    drafts = [draft(str(place), NOON, text) for place, text in enumerate((NEWS, NEWS[:70], NEWS[:60], other))]
    near = [Likely((), ()), Likely((), (0,)), Likely((), (1,)), Likely((), (2,))]
    same = {Pairing(1, 0): True, Pairing(2, 1): True, Pairing(3, 2): True}
    assert assigned(drafts, near, same, {}) == [0, 0, 0, 3]


@pytest.mark.parametrize("known", [False, True])
def test_a_thousand_reposts_in_a_few_wordings_are_one_story(known: bool) -> None:
    wordings = ("RT @u{0}: {1}", "{1} via @u{0}", "RT @u{0}: {1} smh", "{1} this is so bad", "{1}")
    drafts = [draft(str(n), NOON, wordings[n % 5].format(n, NEWS)) for n in range(1000)]
    before = Known(drafts[0].sketch[None], ["sto"], np.array([int(NOON.timestamp())]))
    near = likely(drafts, before if known else Known.nothing())
    stories = {"sto": told(NEWS)} if known else {}
    verdicts = pairings(drafts, near, stories)
    homes = assigned(drafts, near, dict.fromkeys(verdicts, True), stories)
    assert set(homes) == ({"sto"} if known else {0})


def test_a_repeat_after_three_days_is_news_again() -> None:
    drafts = [draft("a", NOON, NEWS), draft("b", NOON + timedelta(days=4), NEWS)]
    assert likely(drafts, Known.nothing())[1].drafts == ()


def test_sketches_are_the_same_in_every_process() -> None:
    code = "from podion_sentiment_monitor.sketches import *; print(sketch(shingles('one two three four')).tolist())"
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    assert shingles("one two three four") == {"one two three", "two three four"}


def test_shelves_give_back_what_was_put_on_them() -> None:
    rng = np.random.default_rng(5)
    stories = [
        (f"s{place}", 1_000_000 + place, np.sort(rng.integers(1, 2**32, 16, dtype=np.uint32)))
        for place in range(SHELF_HOLDS + 7)
    ]
    ledger, shelves = shelved(Ledger(id="ledger"), None, stories)
    assert [len(shelf.ids) for shelf in shelves] == [SHELF_HOLDS, 7]
    known = unpacked(shelves)
    assert list(known.ids) == [id for id, _, _ in stories]
    assert (known.sketches == np.array([members for _, _, members in stories])).all()
    later, changed = shelved(ledger, shelves[-1], [("x", 1_000_000 + 30 * 86_400, stories[0][2])])
    assert [shelf.ids[-1] for shelf in changed] == ["x"]
    assert later.shelves == [shelves[-1].id]


def test_filing_does_not_depend_on_what_was_drawn() -> None:
    texts = [each.text for each in copies(30, seed=9)]
    random.Random(1).shuffle(texts)
    drafts = [draft(str(place), NOON, text) for place, text in enumerate(texts)]
    runs = [likely(drafts, Known.nothing()) for _ in range(2)]
    assert runs[0] == runs[1]
