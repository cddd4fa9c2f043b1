"""Which records say the same thing, told by digests alone, so that a million fit in memory."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record that was left out, and the line of the first one that says the same."""

    line: int
    first_line: int


@dataclass(frozen=True, slots=True)
class LabelConflict:
    """Records with the same text and different labels, with their lines; `labels` is empty for spans."""

    lines: tuple[int, ...]
    labels: tuple[str, ...]


def normalise(text: str) -> str:
    """Return a text as it is compared: NFKC, without case, each run of white space one space."""
    plain = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.split())


def digest(text: str) -> int:
    """Return a 96-bit digest of a text."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest(), "big")


class Sightings:
    """Remembers, by digests, which text came first with which label, and counts what repeats or contradicts."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}
        self._others: dict[int, dict[int, int]] = {}
        self._names: dict[int, str] = {}
        self.duplicate_count = 0
        self.duplicates: list[Duplicate] = []

    @property
    def conflict_count(self) -> int:
        """How many texts stand with more than one label."""
        return len(self._others)

    def repeats(self, line: int, text: int, label: int, name: str | None) -> bool:
        """Return whether a text was seen with this very label before, and take note of it.

        `label` is a digest; `name` is what a report calls the label, None where the record has no label (which never
        contradicts one).
        """
        key = _pair(text, label) if name is None else text
        seen = self._first.get(key)
        if seen is None:
            self._first[key] = line << 64 | label
        elif seen & _LOW == label:
            return self._note(line, seen >> 64)
        else:
            others = self._others.setdefault(key, {})
            if label in others:
                return self._note(line, others[label])
            others[label] = line
        if name is not None and label not in self._names and name:
            self._names[label] = name
        return False

    def _note(self, line: int, first_line: int) -> bool:
        self.duplicate_count += 1
        if len(self.duplicates) < _SHOWN:
            self.duplicates.append(Duplicate(line, first_line))
        return True

    def conflicts(self) -> tuple[LabelConflict, ...]:
        """Return the first hundred texts that stand with more than one label."""
        shown: list[LabelConflict] = []
        for key, others in self._others.items():
            first = self._first[key]
            seen = [(first >> 64, first & _LOW), *((line, label) for label, line in others.items())][:_SHOWN]
            names = tuple(self._names[label] for _, label in seen if label in self._names)
            shown.append(LabelConflict(tuple(line for line, _ in seen), names))
            if len(shown) == _SHOWN:
                break
        return tuple(shown)


_LOW = 2**64 - 1


def _pair(text: int, label: int) -> int:
    return text ^ (label << 32) ^ 1


def label_digest(label: str) -> int:
    """Return a 64-bit digest of a label."""
    return digest(label) & _LOW


def identity(text: Any, others: Mapping[str, Any]) -> int:
    """Return the digest of what a record asks: its text as compared, and its other fields that cannot be missing."""
    words = normalise(text) if isinstance(text, str) else repr(text)
    return digest(words if not others else f"{words}\0{sorted(others.items())!r}")
