"""Asking for a person, courtesies, choices and a tenant's phrases, in the words of customers."""

import json
from importlib.resources import files

import pytest

from podion_customer_service.phrases import (
    asks_for_a_person,
    corrects,
    courtesy_of,
    holds,
    one_slip_apart,
    picks,
    says_yes,
)


def sample_texts() -> list[tuple[str, str]]:
    """Return the utterances of both samples with their intents."""
    folder = files("podion_customer_service")
    names = ("sample.jsonl", "sample_test.jsonl")
    lines = [line for name in names for line in folder.joinpath(name).read_text("utf-8").splitlines()]
    return [(row["text"], row["label"]) for row in map(json.loads, lines)]


@pytest.mark.parametrize(
    "text",
    ["human", "agent!!", "Can I talk to a human please?", "i want to speak with someone", "get me a real person",
     "put me through to an operator", "can i just tlak to a humna pls", "connect me with a reprsentative",
     "I'd rather discuss this with a person, let me talk to a colleague", "are you a robot? I want a human",
     "转人工", "人工", "人工客服", "转人公", "我要找真人", "能不能给我转个人工啊", "有没有活人",
     "找个人来跟我说", "让你们经理来",
     "我不想跟机器人说话", "叫客服人员来"],
)  # fmt: skip
def test_a_person_is_asked_for(text: str) -> None:
    assert asks_for_a_person(text)


@pytest.mark.parametrize(
    "text",
    ["is this wig human hair", "I want the human hair wig", "no need for a human, just tell me",
     "I don't want an agent",
     "do you need cleaning agent for this", "how many people fit in this tent",
     "人工智能音箱多少钱", "安装要收人工费吗",
     "不用转人工，你说就行", "不需要人工", "这个人工草坪多大", "怎么退货", "where is my order"],
)  # fmt: skip
def test_no_person_is_asked_for(text: str) -> None:
    assert not asks_for_a_person(text)


def test_in_the_shipped_samples_it_is_seldom_wrong() -> None:
    """Of 540 utterances about something else, at most three sound as if a person were asked for."""
    others = [text for text, label in sample_texts() if label not in ("talk_to_human", "complaint_service")]
    wrong = [text for text in others if asks_for_a_person(text)]
    assert len(wrong) <= 3, wrong
    wanted = [text for text, label in sample_texts() if label == "talk_to_human"]
    assert sum(map(asks_for_a_person, wanted)) >= 0.6 * len(wanted)


def test_courtesies_are_whole_messages() -> None:
    assert courtesy_of("Hello!!") == "greeting"
    assert courtesy_of("在吗？") == "greeting"
    assert courtesy_of("ok, thanks :)") == "thanks"
    assert courtesy_of("谢谢～") == "thanks"
    assert courtesy_of("再见") == "goodbye"
    assert courtesy_of("hello, where is my order") is None


def test_choices() -> None:
    assert [picks(text) for text in ("1", "the second one", "第一个", "二", "both")] == [0, 1, 0, 1, None]
    assert says_yes("Yes please!")
    assert says_yes("好的。")
    assert not says_yes("yes but where is it")


def test_corrections() -> None:
    assert corrects("no, it's SN-2048")
    assert corrects("说错了，是YT8814")
    assert not corrects("it's SN-2048")
    assert not corrects("单号是YT8813")


def test_a_tenants_phrases_match_whole_words_with_gaps() -> None:
    assert holds("sue", "I will SUE you")
    assert not holds("sue", "an issue with it")
    assert holds("battery * fire", "the battery caught fire last night")
    assert not holds("fire * battery", "the battery caught fire")
    assert holds("起火", "充电的时候起火了")
    assert holds("ｓｕｅ", "sue")


def test_a_tenants_phrase_cannot_make_it_slow() -> None:
    """2,000 characters against the pattern that a backtracking matcher would never come back from."""
    assert not holds("*".join(["a b"] * 200) + "*z", "a b " * 500)


@pytest.mark.parametrize(
    ("word", "other", "near"),
    [("humna", "human", True), ("humn", "human", True), ("humaan", "human", True), ("hunan", "human", True),
     ("agent", "agents", True), ("hummus", "human", False), ("amhun", "human", False)],
)  # fmt: skip
def test_one_slip(word: str, other: str, near: bool) -> None:
    assert one_slip_apart(word, other) is near
