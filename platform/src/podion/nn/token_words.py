"""Words in their surroundings as numbers: what a head that tags the words of a text looks up.

A word is a run of letters or of digits; a punctuation mark and a Chinese character are a word each. What is known of a
word is itself, how it begins, ends and is written, which words stand beside it, and the sequences of words it lies in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

MOST_CHARACTERS = 1_000
"""Characters of a text that are read; a base model reads about as much of it."""

Keys = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

_SPACE, _ALONE, _LETTER, _DIGIT = 0, 1, 2, 3
_PLANE = 0x10000
_IDEOGRAPHS = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF))
_WIDE = (0xFF01, 0xFF5E)
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying by it loses nothing
_NOBODY = np.uint64(0xD6E8FEB86659FD93)
_ENDS = (2, 3, 4, 5)
_THREE_LAST = 3
"""Which of the hashes of beginnings and ends is that of a word's last three characters."""
_SEQUENCES = (
    (0,), (-1,), (1,), (-2,), (2,),
    (-1, 0), (0, 1), (-2, -1), (1, 2),
    (-2, -1, 0), (-1, 0, 1), (0, 1, 2),
    (-3, -2, -1, 0), (-2, -1, 0, 1), (-1, 0, 1, 2), (0, 1, 2, 3), (-2, -1, 0, 1, 2),
)  # fmt: skip
"""Which neighbours make a sequence, by how far they are from the word."""

_KINDS = len(_SEQUENCES) + 2 * len(_ENDS) + 6


@dataclass(frozen=True)
class TokenWords:
    """The words of some texts in reading order: each one's text and characters, and its `keys` [words, kinds].

    Equal things have equal keys, on every machine; a thing that a word does not have (a short one's ending) is 0.
    """

    rows: Places
    starts: Places
    ends: Places
    keys: Keys

    def __len__(self) -> int:
        return len(self.rows)


def codes_of(texts: Sequence[str]) -> NDArray[np.int32]:
    """Return the characters of texts as numbers, [texts, characters], 0 where a text is over; at most 1,000 of each."""
    cut = [text[:MOST_CHARACTERS] for text in texts]
    codes = np.zeros((len(cut), max(map(len, cut), default=0)), dtype=np.int32)
    for row, text in enumerate(cut):
        codes[row, : len(text)] = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.int32)
    return codes


def token_words(codes: NDArray[np.int32]) -> TokenWords:
    """Return the words of texts given as `codes_of` gives them."""
    rows, characters = codes.shape
    flat = np.zeros((rows, characters + 1), dtype=np.int64)  # a blank after each text
    flat[:, :characters] = codes
    places = np.minimum(flat.ravel(), _PLANE)
    all_folded, all_kinds, all_large = _tables()
    kinds, large = all_kinds[places], all_large[places]
    folded = np.where(places == _PLANE, flat.ravel(), all_folded[places])
    begins = kinds != _SPACE
    begins[1:] &= (kinds[1:] != kinds[:-1]) | (kinds[1:] == _ALONE)
    firsts = np.flatnonzero(begins)
    if not len(firsts):
        none = np.zeros(0, np.int64)
        return TokenWords(none, none, none, np.zeros((0, _KINDS), np.int64))
    owner = np.maximum(np.cumsum(begins) - 1, 0)
    inside = kinds != _SPACE
    lengths = np.add.reduceat(inside & (owner >= 0), firsts).astype(np.int64)
    within = np.clip(np.arange(len(kinds)) - firsts[owner], 0, characters)
    values = np.where(inside, mixed(folded.astype(np.uint64) + np.uint64(1)), np.uint64(0))
    powers = np.cumprod(np.full(characters + 1, _BASE), dtype=np.uint64)
    words = np.add.reduceat(values * powers[within], firsts)
    where = firsts // (characters + 1)
    parts = _surroundings(words, where)
    endings = _endings(values, powers, within, lengths[owner] - 1 - within, firsts, lengths)
    parts += endings
    for part in (_shapes(large, kinds, firsts, lengths), endings[_THREE_LAST]):
        parts += [part, _beside(part, where, -1), _beside(part, where, 1)]
    salts = mixed(np.arange(1, len(parts) + 1).astype(np.uint64))
    keys = np.stack([np.where(part == 0, 0, mixed(part ^ salt)) for part, salt in zip(parts, salts, strict=True)], 1)
    starts = firsts - where * (characters + 1)
    return TokenWords(where, starts, starts + lengths, keys.view(np.int64))


def mixed(numbers: Hashes) -> Hashes:
    """Return numbers whose bits all depend on all bits of those given (the finaliser of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _surroundings(words: Hashes, where: Places) -> list[Hashes]:
    """One hash a word for each of `_SEQUENCES`."""
    steps = sorted({step for sequence in _SEQUENCES for step in sequence})
    beside = {step: mixed(_beside(words, where, step)) for step in steps}
    found = []
    for sequence in _SEQUENCES:
        total = np.zeros(len(words), dtype=np.uint64)
        for step in sequence:
            total = total * _BASE + beside[step]
        found.append(total)
    return found


def _beside(values: Hashes, where: Places, step: int) -> Hashes:
    """The value of the word so many places on, in the same text; else one that stands for nobody."""
    places = np.arange(len(values)) + step
    there = (places >= 0) & (places < len(values))
    places = np.clip(places, 0, max(0, len(values) - 1))
    return np.where(there & (where[places] == where), values[places], _NOBODY)


def _endings(
    values: Hashes, powers: Hashes, within: Places, after: Places, firsts: Places, lengths: Places
) -> list[Hashes]:
    """How each word begins and how it ends, for each of `_ENDS`; 0 for a word that is no longer than that."""
    found = []
    for count in _ENDS:
        for distance in (within, after):
            near = (distance >= 0) & (distance < count)
            terms = np.where(near, values * powers[np.clip(distance, 0, len(powers) - 1)], np.uint64(0))
            found.append(np.where(lengths > count, np.add.reduceat(terms, firsts), np.uint64(0)))
    return found


def _shapes(large: NDArray[np.uint8], kinds: NDArray[np.uint8], firsts: Places, lengths: Places) -> Hashes:
    """How each word is written: large at the beginning, how many large letters, of which kind, how long."""
    count = np.minimum(np.add.reduceat(large.astype(np.int64), firsts), 3)
    told = (count * 2 + large[firsts]) * 4 + kinds[firsts]
    shapes: Hashes = (told * 8 + np.minimum(lengths, 7) + 1).astype(np.uint64)
    return shapes


@cache
def _tables() -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
    """For each character of the first plane, and at the end for all others: folded, its kind, whether it is large."""
    folded = np.arange(_PLANE + 1)
    kinds = np.full(_PLANE + 1, _ALONE, dtype=np.uint8)
    large = np.zeros(_PLANE + 1, dtype=np.uint8)
    for code in range(_PLANE):
        character = chr(code - _WIDE[0] + 0x21 if _WIDE[0] <= code <= _WIDE[1] else code)
        small = character.lower()
        folded[code] = ord(small) if len(small) == 1 else ord(character)
        large[code] = small != character
        if character.isspace() or code == 0:
            kinds[code] = _SPACE
        elif character.isdigit():
            kinds[code] = _DIGIT
        elif character.isalnum():
            kinds[code] = _LETTER
    for first, last in _IDEOGRAPHS:
        kinds[first : last + 1] = _ALONE
    return folded, kinds, large
