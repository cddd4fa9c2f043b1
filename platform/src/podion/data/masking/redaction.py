"""A text with what is personal in it replaced, and where everything else has moved to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from podion.data.masking.finding import find
from podion.data.masking.found import Found
from podion.data.masking.pseudonyms import Pseudonym
from podion.vertical import MaskPolicy, PersonalKinds

_REFERENCE = re.compile(r"\[REFERENCE(?::[0-9a-f]{12})?\]")


@dataclass(frozen=True, slots=True)
class Edits:
    """Replacements in a text, in reading order: (start, end, length of what stands there now)."""

    edits: tuple[tuple[int, int, int], ...] = ()

    def moved(self, start: int, end: int) -> tuple[int, int]:
        """Return where a stretch of the text as sent stands now; one that cuts a replaced value has all of its tag."""
        return self._moved(start, at_end=False), self._moved(end, at_end=True)

    def _moved(self, place: int, *, at_end: bool) -> int:
        shift = 0
        for start, end, length in self.edits:
            if place < start or (at_end and place == start):
                break
            if place < end or (at_end and place == end):
                return start + shift + (length if at_end else 0)
            shift += length - (end - start)
        return place + shift


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text as it may be kept, what was found in it (offsets in the text as sent), and what was replaced."""

    text: str
    found: tuple[Found, ...] = ()
    edits: Edits = Edits()


def redact(text: str, policy: MaskPolicy, pseudonym: Pseudonym, kinds: PersonalKinds = "usual") -> Redacted:
    """Return a text under a policy: `mask` writes `[PHONE]`, `tokenise` `[PHONE:3f9a21c07be4]`.

    `allow` leaves the text unread. `reject` leaves it as it is and says what was found: refusing is the caller's.
    """
    if policy == "allow":
        return Redacted(text)
    found = _whole(text) if kinds == "whole" else find(text, kinds)
    if policy == "reject" or not found:
        return Redacted(text, tuple(found))
    tags = [
        f"[{kind.upper()}:{pseudonym.of(kind, text[start:end])}]" if policy == "tokenise" else f"[{kind.upper()}]"
        for kind, start, end in found
    ]
    edits = Edits(tuple((f.start, f.end, len(tag)) for f, tag in zip(found, tags, strict=True)))
    return Redacted(_replaced(text, found, tags), tuple(found), edits)


def _whole(text: str) -> list[Found]:
    """Return all of a text as one reference to a person; nothing where it is empty or a tag already."""
    return [] if not text or _REFERENCE.fullmatch(text) else [Found("reference", 0, len(text))]


def shown(text: str) -> str:
    """Return a text as a message may quote it: nothing personal in it."""
    found = find(text)
    return _replaced(text, found, [f"[{each.kind.upper()}]" for each in found])


def _replaced(text: str, found: Sequence[Found], tags: Sequence[str]) -> str:
    parts, at = [], 0
    for each, tag in zip(found, tags, strict=True):
        parts += [text[at : each.start], tag]
        at = each.end
    return "".join([*parts, text[at:]])
