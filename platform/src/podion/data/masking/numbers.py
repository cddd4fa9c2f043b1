"""Personal numbers among the digits of a text: resident ids, bank cards, phones, social security numbers."""

import re
from collections.abc import Iterator

from podion.data.masking.checksums import is_bank_card, is_resident_id, is_ssn
from podion.data.masking.found import Found
from podion.data.masking.phones import is_announced, is_bare_american, is_phone
from podion.data.masking.runs import Group, Run, runs

_DIGIT = re.compile("[0-9]")
_FEWEST, _MOST = 9, 19
_MOST_GROUPS = 7
_UNION_PAY = "62"
_ONE_BY_ONE = 11
_LETTERS_BEFORE = re.compile(r"[A-Za-z_]-?\Z")
_CUE_BEFORE = re.compile(r"(?:^|[^A-Za-z])(?:tel|phone|mobile|cell|id|no|card|number|ssn|m|t|p)[-.]?\Z", re.IGNORECASE)
_MONEY_BEFORE = re.compile(r"[¥$€£] ?\Z")
_LETTERS_AFTER = re.compile(r"(?!(?:wx|vx|wechat|ext|x[0-9])[^A-Za-z]?)[A-Za-z_]", re.IGNORECASE)
_LIST_MARK = re.compile(r"[、)\u4e00-\u9fff]")


def numbers(plain: str) -> Iterator[Found]:
    """Yield the personal numbers of a text in its plain form, in reading order."""
    if len(_DIGIT.findall(plain)) < _FEWEST:
        return
    for run in runs(plain):
        yield from _Reader(plain, run).found()


class _Reader:
    """Looks which neighbouring groups of one run make a number, the longest first."""

    def __init__(self, plain: str, run: Run) -> None:
        self._plain = plain
        self._run = run
        self._groups = run.groups
        before = plain[max(0, run.groups[0].start - 10) : run.groups[0].start]
        attached = bool(_LETTERS_BEFORE.search(before)) and not _CUE_BEFORE.search(before)
        self._first = 1 if attached or _MONEY_BEFORE.search(before) else 0
        self._last = len(run.groups) - (1 if _LETTERS_AFTER.match(plain, run.end) else 0)

    def found(self) -> Iterator[Found]:
        """Yield what the run holds."""
        whole = [] if self._first else self._parts(0)
        if whole:
            yield from whole
            return
        first = self._first
        while first < self._last:
            for end in self._ends(first):
                kind = self._kind(first, end)
                if kind is not None and self._stands_alone(first, end, kind):
                    yield Found(kind, self._start(first, end), self._end(end, kind))
                    first = end
                    break
            else:
                first += 1

    def _parts(self, first: int) -> list[Found]:
        """Return what stands from group `first` on if it is numbers to the very end, and nothing otherwise."""
        if len(self._groups) - first > 2 * _MOST_GROUPS or self._last < len(self._groups):
            return []
        for end in self._ends(first):
            kind = self._kind(first, end)
            if kind is None:
                continue
            found = Found(kind, self._start(first, end), self._end(end, kind))
            if end == len(self._groups):
                return [found]
            rest = self._parts(end)
            if rest:
                return [found, *rest]
        return []

    def _ends(self, first: int) -> list[int]:
        """Return after which groups a number that begins with group `first` may end, the longest first."""
        ends, digits = [], 0
        singly = first + _ONE_BY_ONE
        if singly <= self._last and all(len(group.digits) == 1 for group in self._groups[first:singly]):
            return [singly]
        for end in range(first + 1, min(self._last, first + _MOST_GROUPS) + 1):
            digits += len(self._groups[end - 1].digits)
            if digits > _MOST:
                break
            if digits >= _FEWEST:
                ends.append(end)
        if self._run.check_x and self._last == len(self._groups) and digits == 17 and not ends:
            ends.append(self._last)
        return ends[::-1]

    def _kind(self, first: int, end: int) -> str | None:
        groups = self._groups[first:end]
        number = "".join(group.digits for group in groups)
        sizes = tuple(len(group.digits) for group in groups)
        if end == len(self._groups) and self._run.check_x and sizes != (11,):
            number += "X"
        if len(number) == 18 and min(sizes) >= 2 and is_resident_id(number):
            return "resident_id"
        if number[-1] == "X":
            return None
        if len(number) >= 15 and min(sizes) >= 3 and is_bank_card(number):
            return "bank_card"
        if sizes == (3, 2, 4) and all(group.before == "-" for group in groups[1:]):
            return "ssn" if is_ssn(number) else None
        if sizes == (10,) and is_announced(self._plain, groups[0].start):
            return "phone" if is_bare_american(number) else None
        return "phone" if is_phone(number, sizes, "+" in groups[0].before) else None

    def _stands_alone(self, first: int, end: int, kind: str) -> bool:
        """Return whether the groups beside are something else, not the rest of a longer number with a fault."""
        groups = self._groups
        inner = groups[end - 1].before if end - first > 1 else None
        if first > 0:
            left = groups[first - 1]
            far = groups[first - 1].before if first > 1 else None
            listed = first == 1 and self._first == 0 and len(left.digits) <= 2
            if not (listed and kind == "phone") and _belongs(left, groups[first].before, inner, far):
                return False
        if end < len(groups):
            right = groups[end]
            far = groups[end + 1].before if end + 1 < len(groups) else None
            if kind == "phone" and right.before == "-" and len(groups[end - 1].digits) >= 7:
                return len(right.digits) <= 5
            if kind == "bank_card" and not groups[first].digits.startswith(_UNION_PAY) and len(right.digits) <= 4:
                return True  # three or four digits after sixteen are a card's code; only UnionPay's are that long
            if len(right.digits) <= 2 and _LIST_MARK.match(self._plain, right.end):
                return True
            return not _belongs(right, right.before, inner, far)
        return True

    def _start(self, first: int, end: int) -> int:
        """Return where the number starts, with its plus or its opening bracket."""
        group = self._groups[first]
        start = group.start
        if group.before.endswith("("):
            closed = any(other.before.startswith(")") for other in self._groups[first + 1 : end])
            return start - (2 if "+" in group.before and closed else 1 if closed else 0)
        return start - 1 if group.before.endswith("+") else start

    def _end(self, end: int, kind: str) -> int:
        whole = end == len(self._groups) and self._run.check_x and kind == "resident_id"
        return self._run.end if whole else self._groups[end - 1].end


def _belongs(neighbour: Group, joint: str, inner: str | None, far: str | None) -> bool:
    """Return whether a neighbouring group looks like part of the same number.

    `joint` stands between, `inner` between the number's own groups, `far` on the neighbour's other side.
    """
    if inner is None:
        return joint == "-" or (joint == "." and len(neighbour.digits) > 2)
    return joint == inner and len(neighbour.digits) <= 6 and far in (None, inner)
