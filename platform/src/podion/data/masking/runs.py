"""Digits that stand together: groups with a space, a dash, a dot or a bracket between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_JOINT = r"(?: ?\(|\)[ -]{0,2}|[ -]{1,3}|\.)"
_RUN = re.compile(rf"[+(]{{0,2}}[0-9]+(?:{_JOINT}[0-9]+)*(?:[xX](?![0-9A-Za-z]))?")
_PARTS = re.compile(r"[0-9]+|[^0-9]+")
_LONG_ENOUGH = 9


@dataclass(frozen=True, slots=True)
class Group:
    """Some digits, where they stand, and what joins them to the group before (of the first: what stands before)."""

    digits: str
    start: int
    before: str

    @property
    def end(self) -> int:
        """Where the group ends."""
        return self.start + len(self.digits)


@dataclass(frozen=True, slots=True)
class Run:
    """Groups of digits that are joined; `check_x` is true where an X stands after the last."""

    groups: tuple[Group, ...]
    end: int
    check_x: bool


def runs(plain: str) -> Iterator[Run]:
    """Yield the runs of a text that have enough digits to be anything."""
    for match in _RUN.finditer(plain):
        whole = match.group()
        if len(whole) < _LONG_ENOUGH:
            continue
        groups, before, at = [], "", match.start()
        for part in _PARTS.findall(whole):
            if part[0].isdigit():
                groups.append(Group(part, at, before))
            before = part
            at += len(part)
        yield Run(tuple(groups), match.end(), whole[-1] in "xX")
