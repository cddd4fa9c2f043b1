"""What an English sentence says of a mention: there, denied, doubted, past, or a relative's. Pure.

The way of ConText (Harkema et al. 2009): words before and after a mention reach it unless something ends their reach;
what only looks like such a word is taken out first.
"""

import re
from collections.abc import Iterator

from podion_medical import english_cues as cues

_BOUNDARY = re.compile(
    r"[;!\n]|(?<=\w)\?(?=\s|$)|\.(?=\s|$)(?<!\b[A-Za-z]\.)(?<!\b[DM]r\.)(?<!Mrs\.)(?<!e\.g\.)(?<!i\.e\.)(?<!\bvs\.)(?<!\bPt\.)(?<!\bNo\.)"
)
_WORD = re.compile(r"[\w'-]+")
_MORE_THAN_ONE = re.compile(r"\b(?:or|nor)\b")
_BROADLY_PAST = re.compile("h/o|history|hx|ago|year|background|in (?:19|20)")
_WINDOW = 600
_NEAR_WORDS = 6
_ADJECTIVE_WORDS = 7
_AFTER_WORDS = 12


class Sentence:
    """The words around one mention, in small letters, up to the ends of its sentence."""

    def __init__(self, text: str, start: int, end: int) -> None:
        low, high = max(0, start - _WINDOW), min(len(text), end + _WINDOW)
        for boundary in _BOUNDARY.finditer(text, low, high):
            if boundary.end() <= start:
                low = boundary.end()
            elif boundary.start() >= end:
                high = boundary.end() if boundary.group() == "?" else boundary.start()
                break
        self.before = text[low:start].lower()
        self.after = text[end:high].lower()

    def clause_after(self) -> str:
        """Return what follows the mention in its clause, a dozen words at most."""
        ends = cues.AFTER_ENDS.search(self.after)
        clause = self.after[: ends.start()] if ends else self.after
        words = list(_WORD.finditer(clause))
        return clause[: words[_AFTER_WORDS - 1].end()] if len(words) >= _AFTER_WORDS else clause


def is_absent(sentence: Sentence) -> bool:
    """Return whether the sentence denies the mention."""
    before = _without(_without(sentence.before, cues.DOUBT), cues.PSEUDO)
    if cues.EXCEPTION.search(before) or cues.BULLET_PLUS.search(before):
        return False
    if cues.BULLET_MINUS.search(sentence.before) or cues.ABSENT_RIGHT_AFTER.match(sentence.after):
        return True
    far = list(cues.ABSENT_FAR.finditer(before))
    if any(_reaches(sentence, before, cue, alone=len(far) == 1) for cue in reversed(far)):
        return True
    for cue in cues.ABSENT_NEAR.finditer(before):
        gap = before[cue.end() :]
        if "," not in gap and len(_WORD.findall(gap)) <= _NEAR_WORDS and not cues.END_OF_ABSENT.search(gap):
            return True
    clause = _without(_without(sentence.clause_after(), cues.DOUBT), cues.PSEUDO)
    if cues.ABSENT_AFTER.search(clause):
        return True
    return cues.SUBJECT.match(sentence.after) is not None and bool(
        cues.ABSENT_LATE.search(_without(sentence.after, cues.DOUBT))
    )


def _reaches(sentence: Sentence, before: str, cue: re.Match[str], *, alone: bool) -> bool:
    """Return whether a denial reaches the mention; of `no A, no B, C` the C is none of theirs."""
    gap = before[cue.end() :]
    if cues.END_OF_ABSENT.search(gap):
        return False
    if "," not in gap:
        return True
    last = gap.rpartition(",")[2]
    if cues.STATED_BEFORE.search(last) or (cues.STATES.match(sentence.after) and not _MORE_THAN_ONE.search(last)):
        return False
    return alone or cue.group().startswith("den") or _MORE_THAN_ONE.search(gap + sentence.after) is not None


def is_family(sentence: Sentence) -> bool:
    """Return whether the sentence speaks of a relative."""
    before = _without(sentence.before, cues.FAMILY_PSEUDO)
    for cue in cues.FAMILY_BEFORE.finditer(before):
        if not cues.END_OF_FAMILY.search(before[cue.end() :]):
            return True
    return cues.FAMILY_AFTER.match(_without(sentence.after, cues.FAMILY_PSEUDO)) is not None


def is_past(sentence: Sentence) -> bool:
    """Return whether the sentence puts the mention into the past."""
    before = _without(sentence.before, cues.HISTORY_PSEUDO)
    for cue in cues.HISTORY_BEFORE.finditer(before):
        gap = before[cue.end() :]
        broad = _BROADLY_PAST.search(cue.group()) is not None
        if cues.END_OF_HISTORY.search(gap):
            continue
        if broad or len(_WORD.findall(gap)) <= _ADJECTIVE_WORDS:
            return True
    after = _without(sentence.after, cues.HISTORY_PSEUDO)
    found = cues.HISTORY_AFTER.search(after)
    return (
        found is not None
        and not cues.NOT_PAST_AFTER.search(after[: found.end()])
        and not cues.END_OF_HISTORY.search(after[: found.start()])
    )


def is_possible(sentence: Sentence) -> bool:
    """Return whether the sentence leaves the mention open."""
    before = _without(sentence.before, cues.PSEUDO)
    for cue in cues.POSSIBLE_BEFORE.finditer(before):
        if not cues.END_OF_POSSIBLE.search(before[cue.end() :]):
            return True
    return cues.POSSIBLE_AFTER.search(sentence.clause_after()) is not None


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
