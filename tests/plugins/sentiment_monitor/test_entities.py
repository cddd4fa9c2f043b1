"""Entities are found where they stand as names, and nowhere else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion_sentiment_monitor.entities import Entity, Spotter


def named(text: str, *entities: Entity) -> list[tuple[str, str]]:
    return [(each.entity, text[each.start : each.end]) for each in Spotter(entities).mentions(text)]


BANK = Entity(name="Harbour Bank", aliases=["海港银行", "HRB"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Harbour Bank's app is down, says HARBOUR BANK", ["Harbour Bank", "HARBOUR BANK"]),
        ("the Harbour Banker left", []),
        ("MyHRB and HRB2 are others; HRB, is one", ["HRB"]),
        ("客户称海港银行HRB应用瘫痪", ["海港银行", "HRB"]),
        ("ﬃ İstanbul Harbour Bank", ["Harbour Bank"]),
        ("", []),
    ],
)
def test_names_are_whole_words_and_chinese_borders_on_anything(text: str, found: list[str]) -> None:
    assert [stretch for _, stretch in named(text, BANK)] == found


def test_the_longest_name_wins() -> None:
    group, bank = Entity(name="平安"), Entity(name="平安银行")
    assert named("平安银行与平安集团", group, bank) == [("平安银行", "平安银行"), ("平安", "平安")]
    assert named("Ping An Bank", Entity(name="Ping An"), Entity(name="Ping An Bank")) == [
        ("Ping An Bank", "Ping An Bank")
    ]


def test_case_matters_where_it_is_said_to() -> None:
    assert named("tell us of the US", Entity(name="US", exact_case=True)) == [("US", "US")]


@given(
    names=st.lists(st.sampled_from(["ab", "abc", "bc", "c d", "d"]), unique=True, min_size=1), text=st.text("abcd ,")
)
def test_mentions_are_those_of_a_plain_search(names: list[str], text: str) -> None:
    found = Spotter([Entity(name=name) for name in names]).mentions(text)
    alone = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    expected = [match.span() for match in re.finditer(rf"(?<!\w)(?:{alone})(?!\w)", text)]
    assert [(each.start, each.end) for each in found] == expected
