"""The sections of a note by its headings, in English and Chinese."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from podion_medical.sections import section_at, sections_of

NOTE = """CC: chest pain
HPI: 60 yo man with pain for 2 hours. No fever.
Past Medical History: hypertension
FAMILY HISTORY
mother with CAD
Medications:
- aspirin
Physical Exam: clear chest
Assessment and Plan: admit"""

CHINESE = """主诉：头痛3天。
现病史：患者3天前出现头痛，无发热。
既往史：高血压。
家族史：父亲糖尿病。
【体格检查】T 36.5
辅助检查：CT示正常
初步诊断：
1. 头痛"""


def test_an_english_note() -> None:
    names = [section.name for section in sections_of(NOTE)]
    assert names == [
        "chief_complaint",
        "present_illness",
        "past_history",
        "family_history",
        "medications",
        "examination",
        "impression",
    ]
    assert section_at(NOTE, NOTE.index("CAD")) == "family_history"


def test_a_chinese_note() -> None:
    names = [section.name for section in sections_of(CHINESE)]
    assert names == [
        "chief_complaint",
        "present_illness",
        "past_history",
        "family_history",
        "examination",
        "investigations",
        "impression",
    ]
    assert section_at(CHINESE, CHINESE.index("糖尿病")) == "family_history"


def test_headings_inside_one_line() -> None:
    text = "Family history: mother diabetes. Medications: aspirin. Plan: discharge"
    assert [section.name for section in sections_of(text)] == ["family_history", "medications", "plan"]


def test_words_in_a_sentence_are_no_heading() -> None:
    text = "The plan was discussed; his medications were stopped, and his family history is long."
    assert [section.name for section in sections_of(text)] == ["note"]


@given(st.text(max_size=300) | st.lists(st.sampled_from(["PMH:", "\n", "既往史：", "text. ", "无。"])).map("".join))
def test_sections_cover_the_note(text: str) -> None:
    sections = sections_of(text)
    assert sections[0].start == 0
    assert sections[-1].end == len(text)
    assert all(one.end == other.start for one, other in pairwise(sections))
