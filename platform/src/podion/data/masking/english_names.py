"""People's names in English: by titles, labels, relations, degrees, known given names, and said once, wherever said."""

import re
from collections.abc import Iterator

from podion.data.masking.capitalised_words import Word, capitalised
from podion.data.masking.english_name_cues import DEGREES, TITLES, Cues, cues_of, initials, is_eponym
from podion.data.masking.english_name_words import ALSO_WORDS, CHINESE_SURNAMES, ORGANISATIONS
from podion.data.masking.found import Found

_PARTICLES = re.compile(
    r" (?:(?:van|von|de|del|della|di|da|dos|du|la|le|el|al|bin|ibn|bint|ter|ten|den|der|st\.?|y) ){1,3}"
)
_PINYIN = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|iao|ian|ing|ang"
    r"|eng|ong|uai|uan|ai|ei|ao|ou|an|en|ia|ie|iu"
    r"|in|ua|uo|ui|un|ue|a|o|e|i|u)-?){1,2}"
)
_DOES = re.compile(
    r" (?:was|is|has|had|reports|denies|presented|presents|attended|underwent|states|came|complained|returned"
    r"|lives|works)\b"
)
_IDENTIFIED = re.compile(
    r",? ?\(?(?:MRN|DOB|D\.O\.B|NHS|URN|born|aged?\b|(?:an? )?[0-9]{1,3}[- ]?(?:year|yr|y/?o|M\b|F\b|months? old))"
)
"""What stands right behind a patient's name."""
_SUFFIX = re.compile(r",? (?:Jr|Sr|II|III|IV)\b\.?")
_MOST_WORDS = 5
_MOST_TOLD = 200
_SHORTEST_TOLD = 3


def english_names(plain: str) -> Iterator[Found]:
    """Yield the names of people in a text in its plain form, titles and degrees left out."""
    words = capitalised(plain)
    if not words:
        return
    reader = _Reader(plain, words, cues_of(plain))
    yield from (
        Found("name", start, end) for start, end in sorted({*reader.names(), *initials(plain)}, key=_longest_first)
    )


def _longest_first(stretch: tuple[int, int]) -> tuple[int, int]:
    return stretch[0], -stretch[1]


class _Reader:
    """Reads the capitalised words of one text for names."""

    def __init__(self, plain: str, words: list[Word], cues: Cues) -> None:
        self._plain = plain
        self._words = words
        self._cues = cues

    def names(self) -> list[tuple[int, int]]:
        """Return the stretches that are names, and where parts of those stand again."""
        found: list[tuple[int, int]] = []
        told: dict[str, None] = {}
        taken: set[int] = set()
        at = 0
        while at < len(self._words):
            end = self._name_end(at)
            if end > at:
                found.append((self._words[at].start, self._whole_end(end)))
                told |= dict.fromkeys(w.low for w in self._words[at:end] if not w.common or w.family)
                taken.update(range(at, end))
            at = max(end, at + 1)
        known = {low for low in list(told)[:_MOST_TOLD] if len(low) >= _SHORTEST_TOLD}
        return found + self._again(known, taken)

    def _again(self, told: set[str], taken: set[int]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for place, word in enumerate(self._words):
            if place in taken or word.low not in told or word.common or is_eponym(self._plain, word.end):
                continue
            if word.low in ALSO_WORDS and self._begins_a_sentence(word):
                continue
            if found and self._plain[found[-1][1] : word.start] == " ":
                found[-1] = (found[-1][0], word.end)
            else:
                found.append((word.start, word.end))
        return found

    def _begins_a_sentence(self, word: Word) -> bool:
        before = self._plain[max(0, word.start - 3) : word.start].rstrip(" ")
        return not before or before[-1] in ".!?\n:;"

    def _name_end(self, at: int) -> int:
        """Return the index after the last word of the name that begins with word `at`, or `at` where none does."""
        word = self._words[at]
        if self._is_titled(at):
            return self._announced(at, strict=True, titled=True)
        if word.start in self._cues.strict or word.start in self._cues.role:
            end = self._announced(at, strict=word.start in self._cues.strict)
            if end > at:
                return end
        return self._unannounced(at)

    def _unannounced(self, at: int) -> int:
        word = self._words[at]
        comma = self._last_comma_first(at, sure=False)
        if comma > at:
            return comma
        end = self._run_end(at)
        known_pair = (
            word.given
            and end - at > 1
            and (
                self._words[at + 1].family
                or _DOES.match(self._plain, self._words[end - 1].end)
                or (word.start in self._cues.loose and self._words[at + 1].could_be)
            )
        )
        related = word.start in self._cues.strong and word.given
        if word.low in TITLES or (word.common and not known_pair and not related):
            return at
        if self._is_eponym(end) or self._is_organisation(end):
            return at
        run = self._words[at:end]
        if len(run) == 1:
            return end if self._is_single(word) else at
        return end if self._is_full_name(run) else at

    def _is_pair(self, at: int, end: int) -> bool:
        """Return whether what follows a given name that is a word too makes it a name."""
        following = self._words[at + 1]
        if following.family or (following.could_be and self._words[at].start in self._cues.loose):
            return True
        return _DOES.match(self._plain, self._words[end - 1].end) is not None

    def _is_single(self, word: Word) -> bool:
        """Return whether one word alone is a name: a relation's, or before a degree."""
        degree = DEGREES.match(self._plain, word.end)
        if degree and word.family and not word.shouted:
            return True
        if word.start in self._cues.strong and (word.given or word.family or (word.could_be and not word.shouted)):
            return True
        return word.start in self._cues.loose and word.given and word.low not in ALSO_WORDS and not word.shouted

    def _is_full_name(self, run: list[Word]) -> bool:
        first, last = run[0], run[-1]
        if first.initial:
            return self._is_after_initials(run)
        sure = first.given and first.low not in ALSO_WORDS
        if last.initial or sure:
            return sure
        return (
            (all(word.could_be for word in run) and _IDENTIFIED.match(self._plain, last.end) is not None)
            or (first.given and last.could_be and not last.shouted and _DOES.match(self._plain, last.end) is not None)
            or (first.given and (last.family or (first.start in self._cues.loose and last.could_be)))
            or (last.family and first.could_be and not first.shouted and not first.family)
            or (first.low in CHINESE_SURNAMES and _PINYIN.fullmatch(last.low) is not None)
            or (first.family and (last.family or last.given) and first.shouted == last.shouted)
            or (DEGREES.match(self._plain, last.end) is not None and all(word.could_be for word in run))
            or (
                first.start in self._cues.strong
                and not first.shouted
                and all(word.could_be or word.family for word in run)
            )
        )

    def _is_after_initials(self, run: list[Word]) -> bool:
        first, last = run[0], run[-1]
        degree = DEGREES.match(self._plain, last.end)
        if not self._is_dotted(first):
            return False
        if not (last.family or (last.could_be and not last.shouted and (len(run) > 2 or degree))):
            return False
        before = self._plain[max(0, first.start - 2) : first.start]
        inside = len(before) > 1 and before[1] == " " and before[0].isalnum()
        return len(run) > 2 or not inside or first.start in self._cues.loose

    def _is_titled(self, at: int) -> bool:
        if at == 0 or self._words[at - 1].low not in TITLES:
            return False
        return self._plain[self._words[at - 1].end : self._words[at].start] in (" ", ". ", ".", "  ", ".  ")

    def _announced(self, at: int, *, strict: bool, titled: bool = False) -> int:
        """Return the end of the name behind a title or a label."""
        word = self._words[at]
        if word.low in TITLES or (word.common and not word.family and not word.given):
            return at
        comma = self._last_comma_first(at, sure=not titled)
        if comma > at:
            return comma
        end = self._run_end(at)
        if not titled and self._is_eponym(end):
            return at
        run = self._words[at:end]
        if len(run) > 1:
            fits = all(each.could_be or each.initial or each.family or each.given for each in run)
            return end if titled or fits else at
        return end if titled or word.given or word.family or (strict and word.could_be and not word.initial) else at

    def _run_end(self, at: int) -> int:
        """Return the index after the words that go on from `at` as a name's do: initials, particles, at most five."""
        end = at + 1
        while end < min(len(self._words), at + _MOST_WORDS) and self._goes_on(end):
            end += 1
        while end - at > 1 and self._words[end - 1].initial and not self._is_dotted(self._words[end - 1]):
            end -= 1
        return end

    def _goes_on(self, place: int) -> bool:
        last, word = self._words[place - 1], self._words[place]
        gap = self._plain[last.end : word.start]
        if not (gap == " " or (last.initial and gap in (".", ". ")) or _PARTICLES.fullmatch(gap)):
            return False
        if word.low in TITLES or (word.common and not (word.family and (last.given or last.initial))):
            return False
        if word.shouted and DEGREES.fullmatch(word.text):
            return False
        return not (word.shouted and not last.shouted and not last.initial and not word.family)

    def _last_comma_first(self, at: int, *, sure: bool) -> int:
        """Return the end of `Smith, John A.` that begins at `at`, or `at`; `sure`: a label announced a name."""
        end = self._run_end(at)
        last = self._words[end - 1]
        if end >= len(self._words) or end - at > 3 or self._plain[last.end : self._words[end].start] not in (", ", ","):
            return at
        first = self._words[end]
        if first.low in TITLES or DEGREES.match(self._plain, last.end) or (last.common and not last.family):
            return at
        alike = first.shouted == last.shouted or first.initial
        if sure:
            good = first.given or first.initial or (first.could_be and (alike or last.shouted))
        else:
            known = first.given and first.low not in ALSO_WORDS and last.could_be
            good = end - at == 1 and alike and (known or (last.family and (first.given or self._is_dotted(first))))
        tail = self._run_end(end)
        return tail if good and not self._is_eponym(tail) else at

    def _is_dotted(self, word: Word) -> bool:
        return word.initial and self._plain[word.end : word.end + 1] == "."

    def _whole_end(self, end: int) -> int:
        """Return where the name stops, with an initial's dot and what tells father from son."""
        last = self._words[end - 1]
        stop = last.end + 1 if self._is_dotted(last) else last.end
        suffix = _SUFFIX.match(self._plain, stop)
        return suffix.end() if suffix else stop

    def _is_eponym(self, end: int) -> bool:
        return is_eponym(self._plain, self._words[end - 1].end)

    def _is_organisation(self, end: int) -> bool:
        if end >= len(self._words):
            return False
        gap = self._plain[self._words[end - 1].end : self._words[end].start]
        return gap in (" ", "'s ") and self._words[end].low in ORGANISATIONS
