"""How much of their wording two texts share: what a base model that read both does not count. No torch."""

import unicodedata
from collections.abc import Iterator, Set
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

WIDTH = 13
"""Numbers that `shared_wording` gives of a pair."""

_MOST_CHARACTERS = 2_000
_IDEOGRAPHS = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF))


def shared_wording(first: str, second: str) -> NDArray[np.float32]:
    """Return numbers in [-1, 1] of the first 2,000 characters of either text, [13].

    Of words, of pairs of words and of sequences of three characters: the share of the first text's that the second has,
    the other way round, and the share of all that both have. Then whether the texts are equal, whether the first stands
    in the second, whether the second stands in the first, and how much longer the first is. Case, width and white space
    do not count; a Chinese character is a word.
    """
    one, other = _plain(first), _plain(second)
    words, others = list(_words(one)), list(_words(other))
    shares = [
        *_shares(set(words), set(others)),
        *_shares(set(pairwise(words)), set(pairwise(others))),
        *_shares(_threes(one), _threes(other)),
    ]
    longest = max(len(one), len(other), 1)
    rest = [one == other, bool(one) and one in other, bool(other) and other in one, (len(one) - len(other)) / longest]
    return np.array([*shares, *rest], dtype=np.float32)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text[:_MOST_CHARACTERS]).casefold().split())


def _words(text: str) -> Iterator[str]:
    """Runs of letters and digits; a Chinese or Japanese character alone is one."""
    word = ""
    for character in text:
        is_ideograph = any(first <= ord(character) <= last for first, last in _IDEOGRAPHS)
        if character.isalnum() and not is_ideograph:
            word += character
            continue
        if word:
            yield word
            word = ""
        if is_ideograph:
            yield character
    if word:
        yield word


def _threes(text: str) -> set[str]:
    return {text[start : start + 3] for start in range(len(text) - 2)}


def _shares(first: Set[object], second: Set[object]) -> tuple[float, float, float]:
    both = len(first & second)
    return both / max(1, len(first)), both / max(1, len(second)), both / max(1, len(first | second))
