"""What a Chinese sentence says of a mention: there, denied, doubted, past, or a relative's. Pure.

Chinese needs rules of its own: `无` begins `无痛性` and `无明显诱因` too, a comma ends the reach of a denial, `、` does
not, and what settles the matter often stands behind the mention (`（－）`, `待排`, `病史`).
"""

import re
from collections.abc import Iterator

from podion_medical import chinese_cues as cues

_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) not in "，；：？（）－"}
_SENTENCE_END = re.compile(r"[。！!\n]|(?<=[^0-9])\.(?=[^0-9])|[；;]")
_CLAUSE_END = re.compile(r"[，,。；;！!\n]")
_QUESTION = re.compile("[？?]")
_LONGEST_REACH = 40
_WINDOW = 500


class Sentence:
    """The characters around one mention: its clause (up to a comma) and its sentence."""

    def __init__(self, text: str, start: int, end: int) -> None:
        first = max(0, start - _WINDOW)
        plain = text[first : end + _WINDOW].translate(_FULL_WIDTH)
        start, end = start - first, end - first
        low, high = _bounds(plain, start, end, _SENTENCE_END)
        self.sentence_before = plain[low:start]
        self.sentence_after = plain[end:high]
        near, far = _bounds(plain, start, end, _CLAUSE_END)
        asked = None
        for question in _QUESTION.finditer(plain, near, start):
            asked = question
        self.mention = plain[start:end]
        self.before = plain[max(near, asked.end() if asked else near, start - _LONGEST_REACH) : start]
        self.after = plain[end:far]


def _bounds(plain: str, start: int, end: int, boundary: re.Pattern[str]) -> tuple[int, int]:
    low, high = 0, len(plain)
    for match in boundary.finditer(plain):
        if match.end() <= start:
            low = match.end()
        elif match.start() >= end:
            high = match.start()
            break
    return low, high


def is_absent(sentence: Sentence) -> bool:
    """Return whether the clause denies the mention."""
    if cues.DOUBLE.search(sentence.before):
        return False
    if cues.EXCEPTION.search(sentence.before) and cues.EXCEPTED.match(sentence.after):
        return False
    before = _without(_without(sentence.before, cues.DOUBT), cues.PSEUDO)
    for cue in cues.ABSENT_BEFORE.finditer(before):
        gap = before[cue.end() :]
        if not cues.ENDS.search(gap) and not (cue.group() in ("不", "不再") and len(gap) > 1):
            return True
    return cues.ABSENT_AFTER.match(_without(sentence.after, cues.DOUBT)) is not None


def is_family(sentence: Sentence) -> bool:
    """Return whether the clause, or the sentence under `家族史：`, speaks of a relative."""
    if cues.FAMILY_AFTER.match(sentence.after):
        return True
    before = _without(sentence.before, cues.FAMILY_PSEUDO)
    for cue in cues.FAMILY_BEFORE.finditer(before):
        if not cues.END_OF_FAMILY.search(before[cue.end() :]):
            return True
    whole = _without(sentence.sentence_before, cues.FAMILY_PSEUDO)
    listed = whole.rfind("家族史：")
    listed = max(listed, whole.rfind("家族史:"))
    return listed >= 0 and cues.END_OF_FAMILY.search(whole[listed:]) is None


def is_past(sentence: Sentence) -> bool:
    """Return whether the clause, or the sentence under `既往史：`, puts the mention into the past."""
    after = _without(sentence.sentence_after, cues.NOT_HISTORY)
    if cues.HISTORY_AFTER.match(after) or (sentence.mention[-1:] in "术疗" and after[:1] == "后"):
        return True
    before = _without(sentence.before, cues.NOT_HISTORY)
    for cue in cues.HISTORY_BEFORE.finditer(before):
        if not cues.END_OF_HISTORY.search(before[cue.end() :]):
            return True
    whole = sentence.sentence_before
    listed = max(whole.rfind("既往史："), whole.rfind("既往史:"), whole.rfind("既往有"), whole.rfind("既往患"))
    return listed >= 0 and cues.END_OF_HISTORY.search(whole[listed:]) is None


def is_possible(sentence: Sentence) -> bool:
    """Return whether the clause leaves the mention open."""
    if cues.SYMPTOM.search(sentence.mention) and cues.CAUSE_OPEN.match(sentence.after):
        return False
    if cues.POSSIBLE_AFTER.match(sentence.after):
        return True
    for cue in (*cues.POSSIBLE_BEFORE.finditer(sentence.before), *cues.DOUBT.finditer(sentence.before)):
        if not cues.ENDS.search(sentence.before[cue.end() :]):
            return True
    return False


def _without(text: str, pattern: re.Pattern[str]) -> str:
    """Return a text of the same length with what a pattern finds taken out."""
    return pattern.sub(lambda match: "~" * len(match.group()), text)


def readings(text: str, start: int, end: int) -> Iterator[str]:
    """Yield what the sentence says of a mention, what counts most first."""
    sentence = Sentence(text, start, end)
    for name, holds in (
        ("absent", is_absent),
        ("family", is_family),
        ("historical", is_past),
        ("possible", is_possible),
    ):
        if holds(sentence):
            yield name
