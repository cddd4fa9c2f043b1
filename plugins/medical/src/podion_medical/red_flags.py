"""Signs that nobody may wait with, whatever a model says: they can only make a case more urgent. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from podion import Span, Wording, language_of
from podion_medical.assertion import assertion_of
from podion_medical.red_flag_signs import signs_of
from podion_medical.red_flag_table import RULES, Rule
from podion_medical.red_flag_words import WORDS
from podion_medical.said_vitals import with_said
from podion_medical.schema import TriageCase
from podion_medical.spoken_chinese import written

_FROM_HISTORY = frozenset(("diabetic", "takes_insulin", "immune_low", "aorta_risk", "pregnant", "clot_risk"))
"""What counts also where it stands among what was known before."""
_MERE_CIRCUMSTANCES = frozenset(
    ("sudden", "gradual", "limb", "chest_or_back", "to_the_back", "testicle", "burn_big", "burn_small", "unending")
)
"""What nobody denies: it only says where, when or how."""
_MOST_DENIED = 100
_LONG_AGO = re.compile(
    r"\b(?:19|20)\d\d\b|\byears? ago|last year|childhood|as a child|history|in the family|\bdied\b|\bhad\b|diagnosed"
    r"|年前|去年|前年|小时候|以前|既往|曾|家族|死于|得过|患过|中过|(?:19|20)\d\d ?年",
    re.IGNORECASE,
)
_JUST_NOW = re.compile(
    r"minutes?|hours?|\bmins?\b|\bhrs?\b|today|tonight|this (?:morning|evening|afternoon)|yesterday"
    r"|last night|\bnow\b"
    r"|分钟|小时|今|昨|刚|现在",
    re.IGNORECASE,
)
_DENIED_INSIDE = re.compile(
    r"(?:不|没有?|无)(?:怎么|再|太|算|是|觉得|感到|发)?(?:痛|疼|闷|胀|肿|晕|烧|热|喘|麻|紧"
    r"|冷|凉|硬|黑|白|歪|出血|流血|吐|抽|模糊|苍白)"
    r"|\b(?:no|not|never|isn't|doesn't|don't|without|nor|aren't|wasn't)\b (?:\w+ )?(?:pain\w*"
    r"|hurt\w*|sore|tender|swollen"
    r"|swelling|numb\w*|weak\w*|cold|tight\w*|stiff\w*|black|bleed\w*|droop\w*|slurr\w*|ach\w+|blurr\w*|high)",
    re.IGNORECASE,
)
"""A denial in the middle of what was found, as in `肚子不疼`."""
_SENTENCE = re.compile(r"[^.;!?。；！？\n]+")


@dataclass(frozen=True)
class RedFlag:
    """A sign, how urgent it makes a case (1 most urgent), and where it stands in the complaint, if words raised it."""

    code: str
    wording: Wording
    urgency: int
    evidence: Span | None = None


def red_flags(case: TriageCase) -> tuple[RedFlag, ...]:
    """Return the red flags of a case, most urgent first; what the complaint denies raises none."""
    facts = _Facts(case)
    found = []
    for rule in RULES:
        way = next((way for way in rule.ways if facts.hold(way)), None)
        if way is not None:
            found.append(RedFlag(rule.code, rule.wording, rule.urgency, facts.evidence(rule, way)))
    return tuple(sorted(found, key=lambda flag: flag.urgency))


def raised(urgency_of_model: int, flags: Sequence[RedFlag]) -> int:
    """Return the urgency with the flags: never less urgent than the model says."""
    return min([urgency_of_model, *(flag.urgency for flag in flags)])


class _Facts:
    """What holds of a case, looked up when a rule asks for it."""

    def __init__(self, case: TriageCase) -> None:
        self._complaint = written(case.complaint)
        self._history = written("; ".join(case.history))
        self._signs = signs_of(case.model_copy(update={"vitals": with_said(case.vitals, self._complaint)}))
        self._said: dict[str, tuple[int, int] | None] = {}

    def hold(self, way: str) -> bool:
        return all(
            not self._holds(name[1:]) if name.startswith("!") else any(self._holds(each) for each in name.split("|"))
            for name in way.split()
        )

    def evidence(self, rule: Rule, way: str) -> Span | None:
        """Return the first words of a way that stand in the complaint."""
        for name in way.replace("|", " ").split():
            place = self._place(name)
            if place is not None:
                return Span(start=place[0], end=place[1], label=rule.code)
        return None

    def _holds(self, name: str) -> bool:
        if name in self._signs or self._place(name) is not None:
            return True
        return name in _FROM_HISTORY and _told(name, self._history, old=True) is not None

    def _place(self, name: str) -> tuple[int, int] | None:
        if name not in self._said:
            self._said[name] = _told(name, self._complaint) if name in WORDS else None
        return self._said[name]


def _told(name: str, text: str, *, old: bool = False) -> tuple[int, int] | None:
    """Return where a text first says what a name stands for, and neither denies it nor speaks of long ago."""
    language = language_of(text) or "en"
    match = WORDS[name].search(text)
    if match is not None and name in _MERE_CIRCUMSTANCES:
        return match.span()
    for _ in range(_MOST_DENIED):
        if match is None:
            return None
        start, end = match.span()
        said = assertion_of(text, Span(start=start, end=end, label=name), language)
        past = said in ("historical", "family") and not old and _is_long_ago(text, start)
        if said != "absent" and not past and not _DENIED_INSIDE.search(match.group()):
            return start, end
        match = WORDS[name].search(text, start + 1)
    return None


def _is_long_ago(text: str, place: int) -> bool:
    """Return whether the sentence speaks of the past or of a family's; a carer who tells what happens now does not."""
    sentence = next((m.group() for m in _SENTENCE.finditer(text) if m.start() <= place < m.end()), text)
    return _LONG_AGO.search(sentence) is not None and _JUST_NOW.search(sentence) is None
