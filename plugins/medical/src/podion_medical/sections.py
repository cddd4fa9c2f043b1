"""The sections of a clinical note, by its headings in English and Chinese. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_FARTHEST_HEADING = 4_000
NOTE = "note"
"""The name of what stands before the first heading, and of a note without any."""

_HEADINGS: Mapping[str, tuple[str, str]] = {
    "chief_complaint": (
        "chief complaint|presenting complaint|reason for (?:visit|admission|referral|consultation)|cc|pc",
        "主诉",
    ),
    "present_illness": (
        "history of (?:the )?present(?:ing)? (?:illness|complaint)|hpi"
        "|hopc|present illness|interval history|subjective",
        "现病史",
    ),
    "past_history": (
        "past (?:medical |surgical |psychiatric |obstetric )?history|past (?:medical"
        "|surgical)|previous (?:medical )?history|medical history|surgical history"
        "|pmhx?|pshx?|pmsh|past hx|psychiatric history|obstetric history",
        "既往(?:病)?史|过去史|手术(?:外伤)?史|外伤手术史|个人史|婚育史|月经(?:婚育)?史|既往",
    ),
    "family_history": (
        "family (?:medical )?(?:history|hx)|fhx?|fam(?:ily)? hx",
        "家族(?:遗传)?(?:病)?史",
    ),
    "social_history": (
        "social (?:history|hx)|shx|sochx|habits",
        "社会史|生活史",
    ),
    "allergies": (
        "allerg(?:ies|y)|drug allergies|adverse reactions",
        "(?:药物)?过敏(?:史)?",
    ),
    "medications": (
        "(?:current |home |discharge |admission |outpatient )?(?:medications?"
        "|meds|drugs|medicines)|treatment on admission|drug history|dhx?",
        "用药(?:史|情况)?|目前用药|出院带药",
    ),
    "review_of_systems": (
        "review of (?:the )?systems|systems review|systemic enquiry|ros",
        "系统回顾",
    ),
    "vitals": (
        "vital signs|vitals|obs(?:ervations)?",
        "生命体征",
    ),
    "examination": (
        "(?:physical |general |clinical |on |mental status |neurological )?exam(?:ination)?"
        "|o/e|pe|objective|findings on exam",
        "体格检查|查体|体检|专科检查|专科情况|入院查体",
    ),
    "investigations": (
        "investigations?|lab(?:oratory)? (?:results|data|findings)|labs|results|diagnostics|studies|imaging|radiology",
        "辅助检查|实验室检查|化验|检查结果|影像学检查",
    ),
    "findings": (
        "findings",
        "检查所见|影像所见|所见",
    ),
    "impression": (
        "impressions?|assessment(?: and plan| & plan|/plan)?|a/p|diagnos[ie]s"
        "|(?:admission|discharge|final|working|principal|secondary|differential"
        "|provisional|preoperative|postoperative) diagnos[ie]s|conclusions?",
        "诊断|初步诊断|入院诊断|出院诊断|术前诊断|术后诊断|临床诊断|影像诊断|印象|诊断意见|结论|修正诊断|鉴别诊断",
    ),
    "procedure": (
        "procedures?(?: performed)?|operations?(?: performed)?|operative findings",
        "手术经过|手术记录|手术名称",
    ),
    "hospital_course": (
        "hospital course|course in hospital|clinical course|progress",
        "诊疗经过|诊治经过|住院经过|病程记录",
    ),
    "plan": (
        "plan|recommendations?|follow[- ]?up|disposition|discharge (?:instructions|plan)|advice",
        "处理|处理意见|诊疗计划|治疗方案|医嘱|出院医嘱|建议|随访",
    ),
}
"""How sections are headed, by their usual names: (English, Chinese) patterns."""


def _groups(language: int) -> str:
    return "|".join(f"(?P<{name}>{words[language]})" for name, words in _HEADINGS.items() if words[language])


_ENGLISH_HEADING = re.compile(
    rf"(?:(?:^|(?<=\n))[ \t]*(?:[#*]{{1,3}} ?|[0-9]{{1,2}}[.)] ?)?|(?<=[.;] ))(?:{_groups(0)})"
    r"(?: ?\([^)\n]{1,30}\))?(?:\*\*)?[ \t]?(?::|(?:--?|–)(?= )|(?=[ \t]*(?:\n|$)))(?:\*\*)?",
    re.IGNORECASE,
)
_CHINESE_HEADING = re.compile(
    rf"(?:^|(?<=[\n。；;　 ]))[ \t　]*(?:[【\[#*（(]{{1,3}} ?"
    rf"|[0-9一二三四五六七八九十]{{1,2}}[.、)） ]{{1,2}})?(?:{_groups(1)})"
    r"(?:[】\])）]|\*\*)?[ \t　]?(?:[:：]|(?<=[】\]])|(?=[ \t　]*(?:\n|$)))"
)


class Section(NamedTuple):
    """A part of a note by its usual name: characters of the text, end exclusive, its heading inside."""

    name: str
    start: int
    end: int


def sections_of(text: str) -> tuple[Section, ...]:
    """Return the sections of a note in reading order, which cover it; one without headings is one section, `note`."""
    starts = sorted(_headings(text))
    if not starts or text[: starts[0][0]].strip():
        starts.insert(0, (0, NOTE))
    else:
        starts[0] = (0, starts[0][1])
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return tuple(Section(name, start, end) for (start, name), end in zip(starts, ends, strict=True))


def section_at(text: str, place: int) -> str:
    """Return the name of the section in which a character stands; a heading 4,000 characters above counts no more."""
    near = text[max(0, place - _FARTHEST_HEADING) : place]
    return max(_headings(near), default=(0, NOTE))[1]


def _headings(text: str) -> Iterator[tuple[int, str]]:
    forms = (_ENGLISH_HEADING,) if text.isascii() else (_ENGLISH_HEADING, _CHINESE_HEADING)
    for form in forms:
        for match in form.finditer(text):
            if match.lastgroup:
                yield match.start() + len(match.group()) - len(match.group().lstrip()), match.lastgroup
