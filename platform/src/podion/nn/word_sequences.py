"""Which words and character sequences stand in a text, as numbers: what a head that reads words looks up.

Every script is read alike. A word is a run of letters and digits, and of two words in a row there is a pair; a
punctuation mark, an emoji and a Chinese character are a word each. Within what stands between two spaces there are
character sequences: up to 5 long, up to 4 where a text has Chinese or Japanese characters, which need no spaces and say
more each.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

MOST_CHARACTERS = 2_000
"""Characters of a text that are read; a base model reads about as much of it."""

Keys = NDArray[np.int64]

_SPACE, _MARK, _LETTER, _IDEOGRAPH = 0, 1, 2, 3
_LONGEST, _LONGEST_IDEOGRAPHIC = 5, 4
_PLANE = 0x10000
_IDEOGRAPHS = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF))
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying by it loses nothing
_WORD, _PAIR, _CHARACTERS = np.uint64(0xA24BAED4963EE407), np.uint64(0x9FB21C651E98DF25), np.uint64(0xD6E8FEB86659FD93)
_POSITIONS = 64


@dataclass(frozen=True)
class Sequences:
    """The sequences in some texts: `keys` [found], in any order and as often as they stand, and each one's text."""

    rows: NDArray[np.int64]
    keys: Keys


def sequences_in(texts: Sequence[str]) -> Sequences:
    """Return the words, pairs of words and character sequences of each text, of its first 2,000 characters.

    Equal sequences have equal keys of 64 bits, on every machine; of two that differ, the keys differ but for bad luck.
    Case, width and the kind of white space do not count.
    """
    if not texts:
        return Sequences(np.zeros(0, np.int64), np.zeros(0, np.int64))
    parts = [f" {_plain(text[:MOST_CHARACTERS])[:MOST_CHARACTERS]} " for text in texts]
    codes = np.frombuffer("".join(parts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    rows = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    kinds = _kinds()[np.minimum(codes, _PLANE)]
    mixed = mix_bits(codes.astype(np.uint64) + np.uint64(1))
    mixed[kinds == _SPACE] = mix_bits(np.array([32], dtype=np.uint64))[0]
    words = _words(rows, kinds, mixed)
    characters = _characters(rows, kinds, mixed)
    found_rows, keys = (np.concatenate([one[place] for one in (*words, *characters)]) for place in (0, 1))
    return Sequences(found_rows, keys.view(np.int64))


def _plain(text: str) -> str:
    small = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).lower()
    return " ".join(small.split())


Found = tuple[NDArray[np.int64], NDArray[np.uint64]]


def _words(rows: NDArray[np.int64], kinds: NDArray[np.uint8], mixed: NDArray[np.uint64]) -> list[Found]:
    """Words, and pairs of words that follow one another in a text."""
    letters = kinds == _LETTER
    begins = kinds != _SPACE
    begins[1:] &= ~(letters[1:] & letters[:-1])
    starts = np.flatnonzero(begins)
    if not len(starts):
        return []
    owner = np.cumsum(begins) - 1
    inside = np.arange(len(kinds)) - starts[np.maximum(owner, 0)]
    powers = np.cumprod(np.full(_POSITIONS, _BASE), dtype=np.uint64)
    terms = np.where(kinds == _SPACE, np.uint64(0), mixed * powers[inside % _POSITIONS])
    words = np.add.reduceat(terms, starts)
    where = rows[starts]
    together = where[1:] == where[:-1]
    pairs = words[:-1] * _BASE + mix_bits(words[1:])
    return [(where, mix_bits(words ^ _WORD)), (where[1:][together], mix_bits(pairs[together] ^ _PAIR))]


def _characters(rows: NDArray[np.int64], kinds: NDArray[np.uint8], mixed: NDArray[np.uint64]) -> list[Found]:
    """Character sequences that hold no space but at their ends."""
    spaces = np.concatenate([[0], np.cumsum(kinds == _SPACE)])
    ideographs = np.concatenate([[0], np.cumsum(kinds == _IDEOGRAPH)])
    found: list[Found] = []
    hashed = mixed.copy()
    for length in range(2, _LONGEST + 1):
        count = len(kinds) - length + 1
        if count <= 0:
            break
        hashed = hashed[:count] * _BASE + mixed[length - 1 :]
        starts = np.arange(count)
        whole = spaces[starts + length - 1] == spaces[starts + 1]
        whole &= spaces[starts + length] - spaces[starts] < length
        if length > _LONGEST_IDEOGRAPHIC:
            whole &= ideographs[starts + length] == ideographs[starts]
        found.append((rows[:count][whole], mix_bits(hashed[whole] ^ _CHARACTERS)))
    return found


def mix_bits(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers whose bits all depend on all bits of those given (the finaliser of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


@cache
def _kinds() -> NDArray[np.uint8]:
    """What each character of the first plane is, and at the end what all others are taken for."""
    kinds = np.full(_PLANE + 1, _MARK, dtype=np.uint8)
    for code in range(_PLANE):
        character = chr(code)
        if character.isspace() or character == "\x00":
            kinds[code] = _SPACE
        elif character.isalnum():
            kinds[code] = _LETTER
    for first, last in _IDEOGRAPHS:
        kinds[first : last + 1] = _IDEOGRAPH
    return kinds
