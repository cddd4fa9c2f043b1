"""What is personal is found to the character; what only looks like it is left."""

import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from podion.data.masking.finding import find
from podion.data.masking.found import KINDS
from podion.data.masking.view import view_of

SAMPLES = {
    "address": (
        "742 Elm Street, Apt 4B, Springfield, IL 62704",
        "上海市徐汇区世纪大道1287号院9座1003室",
        "阳光花园３栋２单元５０１室",
    ),
    "bank_card": ("4012 8888 8888 1881", "6222020000000000000", "3782-822463-10005"),
    "email": ("emma.jones+shop@mail.example.org", "ｌｉ．ｗｅｉ＠ｑｑ．ｃｏｍ"),
    "iban": ("GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"),
    "phone": ("13812345678", "+86 138-1234-5678", "（010）88881234", "(415) 867-5309",
        "+44 7911 123456", "１３８　１２３４　５６７８"),
    "plate": ("粤B·12345", "沪AD12345", "京A1234学"),
    "resident_id": ("11010519491231002X", "110105 19491231 002x", "１１０１０５１９４９１２３１００２Ｘ"),
    "ssn": ("536-90-4399",),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in SAMPLES.items() for value in values])
@pytest.mark.parametrize("around", ["{}", "call {} now", "请记下：{}，谢谢", "①{}\n", "😡 ﬁ {}!"])
def test_it_is_found_to_the_character(kind: str, value: str, around: str) -> None:
    text = around.format(value)
    start = text.index(value)
    assert [tuple(found) for found in find(text)] == [(kind, start, start + len(value))]


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021", "110105 19491331 0021", "990105194912310025",  # check digit, month, province
        "4012 8888 8888 1882", "1234567812345670", "订单202401151234567890", "SF1013812345678", "v13.8123.4567.8",
        "¥13,812,345.67", "20240115 123045", "192.168.100.200", "978-7-111-12345-6", "9400 1138 1234 5678 0000 00",
        "400-820-8820", "95588", "1-800-555-0199", "+1 888 280 4331", "0800 731 1234",
        "react@18.2.0", "meet @ 5.30pm", "@客服小二", "中山路支行", "南京西路步行街", "地铁2号线3号口", "我在路上5号到",
        "GB83 WEST 1234 5698 7654 32", "000-12-3456", "京A级写字楼", "the Park Avenue branch", "30 minutes on the road",
        "666-12-3456", "order 4155552671", "a 2 hour drive", "IMEI 356938035643809", "I need a number plate",
    ],
)  # fmt: skip
def test_what_only_looks_personal_is_left(text: str) -> None:
    assert find(text) == []


def test_neighbours_are_told_apart() -> None:
    text = "王芳 0371 5824 8802 110105 19491231 002X，卡6222020000000000000/13812345678"
    assert [(f.kind, text[f.start : f.end]) for f in find(text)] == [
        ("phone", "0371 5824 8802"),
        ("resident_id", "110105 19491231 002X"),
        ("bank_card", "6222020000000000000"),
        ("phone", "13812345678"),
    ]


def test_invisible_characters_hide_nothing() -> None:
    assert find("tel 138\u200b1234\u200d5678 end") == [("phone", 4, 17)]


def test_a_tag_that_masking_wrote_is_no_finding() -> None:
    assert find("call [PHONE:0a3812345678] or [PHONE], mail [EMAIL]") == []


@given(st.text(max_size=200))
@example("٠১৯")
@settings(max_examples=150)
def test_a_view_keeps_places(text: str) -> None:
    view = view_of(text)
    for place, plain in enumerate(view.plain):
        start, end = view.sent(place, place + 1)
        assert end == start + 1
        sent = text[start:end]
        same = {sent, unicodedata.normalize("NFKC", sent).strip(), str(unicodedata.decimal(sent, sent))}
        assert same & {plain, ""} or plain in "-@¥£'"


@given(st.lists(st.sampled_from([*"0123456789 -.()+@xX路号栋室座京A", "138", "中山", " Oak ", "Street"]), max_size=60))
@settings(max_examples=300)
def test_findings_lie_in_order_in_the_text(parts: list[str]) -> None:
    text = "".join(parts)
    end = 0
    for found in find(text):
        assert end <= found.start < found.end <= len(text)
        assert found.kind in KINDS
        end = found.end


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1 ",
        "138-",
        "a@b.",
        "@",
        "路1",
        "1座",
        "12 Oak ",
        "DE12 ",
        "(",
        "京A",
        "plate 1A",
        "13812345678 ",
        "1\u200b",
    ],
)
def test_a_hostile_text_takes_linear_time(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        start = time.process_time()
        find(text)
        return time.process_time() - start

    whole = min(seconds(100_000) for _ in range(2))
    assert whole < 3
    assert whole < 60 * max(seconds(10_000), 0.02), "ten times the text, ten times the time"
