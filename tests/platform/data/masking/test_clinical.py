"""Names, dates, record numbers and high ages are found where a field asks for them, and nowhere else."""

import time
from itertools import pairwise
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from podion.data.masking.fields import personal_fields, personal_kinds
from podion.data.masking.finding import find
from podion.data.masking.found import KINDS
from podion.data.masking.policies import Masking, comment_kinds
from podion.head_kinds import LabelHead
from podion.vertical import Personal, Task, Vertical

SAMPLES: dict[str, dict[str, tuple[str, ...]]] = {
    "name": {
        "Patient: {} was seen": ("John Smith", "SMITH, JOHN A.", "P. L. O'Brien", "María García", "Xochitl Van-Dyke"),
        "Reviewed by Dr. {} today": ("A. Patel", "Murphy", "Siobhan Fletcher-Boyd"),
        "spoke to her daughter, {}, about it": ("Linda Martinez", "May"),
        "患者{}因胸痛入院": ("张伟", "欧阳娜娜", "买买提·吐尔逊", "李建国"),
        "姓名：{}  性别：男": ("张　伟", "王芳", "司马小燕"),
        "家属{}女士签字": ("王", "陈晓东"),
        "请{}主任会诊": ("李", "高"),
    },
    "date": {
        "seen on {}.": ("12 March 2022", "May 3rd, 2023", "2023-05-12", "03/12/1931", "16th of September"),
        "于{}复诊": ("2023年5月12日", "二〇二三年五月三日", "５月１２号", "2023 年 5 月 12 日", "2019.09.10"),
    },
    "record_number": {"MRN: {} noted": ("00123456", "ZY-20230012"), "住院号：{}，": ("００１２３４５６", "ZY20230012")},
    "national_id": {"NHS number {} given": ("943 476 5919", "9434765919"), "医保卡号：{}。": ("A12345678",)},
    "resident_id": {"身份证号：{}，": ("110105194912310021", "11010519491231002X")},
    "age": {"A {} man": ("92-year-old",), "年龄：{}。": ("92岁", "九十三岁")},
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "around", "value"),
    [(kind, around, value) for kind, forms in SAMPLES.items() for around, values in forms.items() for value in values],
)
def test_it_is_found_to_the_character(kind: str, around: str, value: str) -> None:
    text = around.format(value)
    start = text.index(value)
    assert (kind, start, start + len(value)) in [tuple(found) for found in find(text, "clinical")]


@pytest.mark.parametrize(
    "text",
    [
        "Parkinson's disease, Crohn's disease, Hashimoto thyroiditis; Foley catheter in situ, Murphy's sign negative.",
        "Glasgow Coma Scale 15, Graves' disease, Bell's palsy, St. John's wort, Guillain-Barre syndrome",
        "BP 120/80, HR 72, glucose 5.6 mmol/L, HbA1c 7.2 %, ICD-10 I10, J45.909, strength 5/5, L4/5",
        "metformin 500 mg bid for 3 months, may 2 tablets, type 1 may follow; 89-year-old, aged 45, since 2019",
        "帕金森病、克罗恩病、阿尔茨海默病、唐氏综合征，格林·巴利综合征，墨菲征阳性",
        "患者高血压病史10年，黄疸明显，时有咳嗽，安静休息，白细胞10.2，3个月前，于2019年起病，89岁",
        "患者有高热，家属应慎重，医生安排查体，从今晨起，孕32+4周，第3周期",
    ],
)
def test_what_only_looks_personal_is_left(text: str) -> None:
    assert find(text, "clinical") == []


def test_an_id_is_believed_when_it_is_announced_and_else_by_its_checksum() -> None:
    wrong = "110105194912310021"
    assert [found.kind for found in find(f"身份证号码：{wrong}", "clinical")] == ["resident_id"]
    assert find(f"流水{wrong}", "clinical") == []
    assert find(f"身份证号码：{wrong}") == []


def test_a_name_that_was_told_is_found_again_and_an_eponym_of_it_is_not() -> None:
    text = "Dr. Murphy came. Later Murphy left; Murphy's sign was negative."
    assert [text[f.start : f.end] for f in find(text, "clinical")] == ["Murphy", "Murphy"]


def test_what_is_not_asked_for_is_not_looked_for() -> None:
    text = "Patient: John Smith, MRN 00123456, seen 12 March 2022, call 138-1234-5678; 患者张伟，92岁"
    assert [found.kind for found in find(text)] == ["phone"]
    assert {found.kind for found in find(text, "clinical")} == {"name", "record_number", "date", "phone", "age"}


def test_a_tag_that_masking_wrote_is_no_finding() -> None:
    tags = " ".join(f"[{kind.upper()}]" for kind in KINDS) + " [NAME:0a3812345678]"
    assert find(tags, "clinical") == []


class Note(BaseModel):
    """A note whose author's remark is read for the usual kinds only."""

    text: Annotated[str, Personal(kinds="clinical")]
    remark: Annotated[str, Personal("tokenise")] = ""
    label: str | None = None


def test_a_field_asks_for_its_kinds_and_the_tenant_for_its_policy() -> None:
    task = Task(name="notes", record=Note, head=LabelHead())
    note = Note(text="Patient: John Smith, 12 March 2022", remark="John Smith said so on 12 March 2022")
    assert personal_fields(Note) == {"text": "mask", "remark": "tokenise"}
    assert personal_kinds(Note) == {"text": "clinical", "remark": "usual"}
    masked = Masking(b"0" * 32).records("t1", task).accepted(note)
    assert masked.record.text == "Patient: [NAME], [DATE]"
    assert masked.record.remark == note.remark
    pseudonym = Masking(b"0" * 32).records("t1", task, {"notes.text": "tokenise"}).accepted(note).record.text
    other = Masking(b"0" * 32).records("t2", task, {"notes.text": "tokenise"}).accepted(note).record.text
    assert pseudonym.startswith("Patient: [NAME:")
    assert pseudonym != other
    assert Masking(b"0" * 32).records("t1", task, {"notes.text": "allow"}).accepted(note).record is note


def test_comments_are_read_as_the_vertical_asks() -> None:
    task = Task(name="notes", record=Note, head=LabelHead())
    vertical = Vertical(name="ward", title={"en": "Ward", "zh": "病房"}, tasks=(task,))
    assert comment_kinds(vertical) == "clinical"
    kept = Masking(b"0" * 32).comment("t1", "wrong for Mr Smith", None, comment_kinds(vertical))
    assert kept == "wrong for Mr [NAME]"


@given(st.text(alphabet="张伟患者姓名：，。 JohnSmith.Dr,'-0159年月日\n", max_size=120) | st.text(max_size=80))
@settings(max_examples=100)
def test_findings_stand_in_order_and_apart(text: str) -> None:
    found = find(text, "clinical")
    assert all(0 <= each.start < each.end <= len(text) and each.kind in KINDS for each in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@pytest.mark.parametrize("unit", ["John Smith, ", "A. ", "患者张伟，", "张先生", "姓名：", "2023-05-12 ", "MRN 1 "])
def test_time_grows_with_the_length_alone(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        took = []
        for _ in range(3):  # the collector may walk all that other tests left
            started = time.process_time()
            find(text, "clinical")
            took.append(time.process_time() - started)
        return min(took)

    seconds(500)
    assert seconds(24_000) < 40 * max(seconds(2_000), 0.002)
