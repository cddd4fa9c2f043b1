"""People's names in Chinese: a surname and one or two characters where a word says that a person is meant."""

import re
from collections.abc import Iterator

from podion.data.masking import chinese_name_cues as cues
from podion.data.masking.chinese_name_characters import (
    COMPOUND_SURNAMES,
    FREQUENT_SURNAMES,
    GIVEN_CHARACTERS,
    NOT_NAMES,
    SURNAMES,
    WEAK_SURNAMES,
)
from podion.data.masking.found import Found

_HAN = "[\u4e00-\u9fff]"
_RUN = re.compile(f"{_HAN}{{2,8}}")
_SPACED = re.compile(f"{_HAN} {{1,4}}{_HAN}(?!{_HAN})")
_BETWEEN = re.compile(r" ?[/、,] ?| {1,3}")
_SEX = re.compile("[男女](?:性|[ ,0-9]|$)")
_FOREIGN = re.compile(rf"(?:{_HAN}{{2,8}}·)(?:{_HAN}{{1,8}}·){{0,3}}{_HAN}{{1,8}}")
_SOMEBODY = "某×＊*XＸx"
_GIVEN = GIVEN_CHARACTERS | set(_SOMEBODY)
_RARELY_ALONE = frozenset("管任于和时平明全安方高金白黄水单常应相房经从解向")
_CLEAR_ALONE = frozenset("于安方高金白黄水单常应相房解石左路江万严")
_FUNCTION_WORDS = frozenset("有和能通全经曾相查于时都别从应向常明成水易法那解")
_NEVER_CUED = frozenset("有应时能都从别相那经和年查向解关以")
"""Surnames so rare, and words so frequent, that only a colon or a title makes them one."""
_FREQUENT_WORD = "于"
"""A frequent surname among the words that only look like one."""
_MOST_TOLD = 100


def chinese_names(plain: str) -> Iterator[Found]:
    """Yield the names of people in a text in its plain form, titles such as `先生` left out."""
    if plain.isascii():
        return
    found: dict[int, int] = {}
    for start, end in (*_labelled(plain), *_foreign(plain), *_cued(plain), *_honoured(plain), *_described(plain)):
        found[start] = max(end, found.get(start, 0))
    told = {plain[start:end].replace(" ", "") for start, end in list(found.items())[:_MOST_TOLD]}
    known = [re.escape(name) for name in sorted(told, key=len, reverse=True) if len(name) > 1]
    if known:
        for match in re.finditer("|".join(known), plain):
            found[match.start()] = max(match.end(), found.get(match.start(), 0))
    yield from (Found("name", start, end) for start, end in sorted(found.items()))


def _labelled(plain: str) -> Iterator[tuple[int, int]]:
    """Yield the names after `姓名：`, `主治医师：` and their like, also several."""
    for label in cues.LABEL.finditer(plain):
        at = label.end()
        if label["is"]:
            end = _name_end(plain, at, announced=False, careful=True)
        else:
            end = _labelled_end(plain, at, strict=label["strict"] is not None)
        while end:
            yield at, end
            more = _BETWEEN.match(plain, end)
            at = more.end() if more else end
            end = _labelled_end(plain, at, strict=False) if more else 0


def _labelled_end(plain: str, at: int, *, strict: bool) -> int:
    spaced = _SPACED.match(plain, at)
    if spaced and plain[at] in SURNAMES:
        return spaced.end()
    end = _name_end(plain, at, announced=True)
    run = _RUN.match(plain, at)
    whole = strict and not end and run is not None and run.end() - at <= 4 and plain[at : at + 2] not in NOT_NAMES
    return run.end() if whole and run else end


def _cued(plain: str) -> Iterator[tuple[int, int]]:
    """Yield the names right after `患者`, `家属`, `医师`, as a given name's characters and what follows allow."""
    for cue in cues.CUE.finditer(plain):
        at = cue.end() + (plain[cue.end() : cue.end() + 1] == " ")
        first = plain[at : at + 1]
        if first in _NEVER_CUED or (cue["noun"] is None and first in WEAK_SURNAMES):
            continue
        end = _name_end(plain, at, announced=False, careful=cue["noun"] is None)
        if end:
            yield at, end


def _described(plain: str) -> Iterator[tuple[int, int]]:
    """Yield the names before `，男，45岁`."""
    for tail in cues.DEMOGRAPHIC.finditer(plain):
        for start in range(max(0, tail.start() - 4), tail.start() - 1):
            clear = start == 0 or not "\u4e00" <= plain[start - 1] <= "\u9fff"
            if clear and _name_end(plain, start, announced=True) == tail.start():
                yield start, tail.start()
                break


def _honoured(plain: str) -> Iterator[tuple[int, int]]:
    """Yield the names before `先生`, `医生`, `主任` and their like: a surname alone, or a whole name."""
    for suffix in cues.HONOUR.finditer(plain):
        end = suffix.start()
        start = _honoured_start(plain, end)
        if start < end:
            yield start, end


def _honoured_start(plain: str, end: int) -> int:
    for start in range(max(0, end - 4), end - 1):
        clear = cues.CLEARLY_BEFORE.search(plain[max(0, start - 2) : start]) is not None or start == 0
        if _is_whole_name(plain[start:end], careful=not clear) and _stands_before(plain, start):
            return start
    if plain[max(0, end - 2) : end] in COMPOUND_SURNAMES:
        return end - 2
    single = plain[end - 1 : end]
    if single in FREQUENT_SURNAMES and single not in _RARELY_ALONE:
        return end - 1 if _stands_before(plain, end - 1) else end
    if single in _CLEAR_ALONE and (end == 1 or cues.CLEARLY_BEFORE.search(plain[max(0, end - 3) : end - 1])):
        return end - 1
    return end


def _stands_before(plain: str, start: int) -> bool:
    return cues.BEFORE_HONOURED.search(plain[max(0, start - 4) : start]) is not None


def _foreign(plain: str) -> Iterator[tuple[int, int]]:
    """Yield the names with a dot inside, as `买买提·吐尔逊`."""
    if "·" not in plain:
        return
    for match in _FOREIGN.finditer(plain):
        first, _, _ = match.group().partition("·")
        cue = cues.FOREIGN_CUE.match(first)
        last = match.end() - len(match.group().rpartition("·")[2])
        cut = cues.FOREIGN_END.search(plain, last + 1, match.end() + 3)
        if cut is None or cues.EPONYM.match(cut.group()) is None:
            yield match.start() + (cue.end() if cue else 0), min(match.end(), cut.start()) if cut else match.end()


def _name_end(plain: str, at: int, *, announced: bool, careful: bool = False) -> int:
    """Return where the name that begins at `at` ends, or 0.

    `announced`: a label stands before, so that any characters may be a given name. `careful`: nothing but a given
    name of usual characters and a clear end make it one.
    """
    surname = 2 if plain[at : at + 2] in COMPOUND_SURNAMES else 1
    if surname == 1 and plain[at : at + 1] not in SURNAMES:
        return 0
    for given in (2, 1):
        end = at + surname + given
        name = plain[at:end]
        ended = not careful and name[:1] == _FREQUENT_WORD and not "\u4e00" <= plain[end : end + 1] <= "\u9fff"
        if not _could_be(name, surname, given, announced=announced or ended, careful=careful):
            continue
        if given > 1 and cues.AFTER_WORD.match(plain, end - 1):
            continue
        belongs = (
            given == 2 and (name[-1] not in _GIVEN or _SEX.match(plain, end - 1)) and cues.AFTER.match(plain, end - 1)
        )
        if not belongs and (cues.AFTER.match(plain, end) or (announced and given == 2)):
            return end
    return at + 2 if announced and surname == 2 and cues.AFTER.match(plain, at + 2) else 0


def _could_be(name: str, surname: int, given: int, *, announced: bool, careful: bool) -> bool:
    if len(name) < surname + given or _is_word(name):
        return False
    if not announced:
        return _is_whole_name(name, careful=careful)
    return all("\u4e00" <= character <= "\u9fff" or character in _SOMEBODY for character in name)


def _is_whole_name(name: str, *, careful: bool) -> bool:
    compound = name[:2] in COMPOUND_SURNAMES
    given = name[2:] if compound else name[1:]
    if not 1 <= len(given) <= 2 or (not compound and name[0] not in SURNAMES) or _is_word(name):
        return False
    if not all(character in _GIVEN for character in given):
        return False
    careful = careful or name[0] in _FUNCTION_WORDS
    if compound or not careful or name[0] not in WEAK_SURNAMES:
        return True
    return len(given) > 1 and (
        given[0] not in WEAK_SURNAMES or (name[0] == _FREQUENT_WORD and given[1] not in WEAK_SURNAMES)
    )


def _is_word(name: str) -> bool:
    return (
        name[:2] in NOT_NAMES or name[:3] in NOT_NAMES or name[1:3] in ("医生", "先生", "女士", "主任", "大夫", "医师")
    )
