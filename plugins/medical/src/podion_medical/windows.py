"""A long note in pieces that a base model reads whole, cut between sentences. Pure."""

import re
from typing import NamedTuple

MOST_TOKENS = 110
"""Tokens of a piece, by a careful guess: a base reads 128, some of which are its own."""

_SENTENCE = re.compile(r"[^\n。！？；.!?;]*(?:[。！？；]+|[.!?;]+(?=\s|$)|[.!?;]|\n+|$)\s*")
_WORD = re.compile(r"[^\W\d_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|\d+|\S")
_LETTERS_A_TOKEN = 3.5
_DIGITS_A_TOKEN = 2


class Window(NamedTuple):
    """A piece of a text: its first character and its end, exclusive."""

    start: int
    end: int


def windows(text: str, most: int = MOST_TOKENS) -> tuple[Window, ...]:
    """Return the pieces of a text in reading order, each as many whole sentences as fit into `most` tokens.

    A sentence that is longer is cut between words. Together the pieces hold every character that is no blank.
    """
    pieces: list[Window] = []
    start, held = 0, 0
    for sentence in _sentences(text):
        for part, tokens in _parts(text, sentence, most):
            if held and held + tokens > most:
                pieces.append(Window(start, part.start))
                start, held = part.start, 0
            held += tokens
    if held:
        pieces.append(Window(start, len(text)))
    return tuple(_trimmed(text, piece) for piece in pieces)


def _sentences(text: str) -> list[Window]:
    return [Window(*found.span()) for found in _SENTENCE.finditer(text) if found.group().strip()]


def _parts(text: str, sentence: Window, most: int) -> list[tuple[Window, int]]:
    """A sentence, or where it is too long its pieces between words; each with its tokens."""
    parts: list[tuple[Window, int]] = []
    start, held = sentence.start, 0
    for word in _WORD.finditer(text, sentence.start, sentence.end):
        tokens = _tokens(word.group())
        if held and held + tokens > most:
            parts.append((Window(start, word.start()), held))
            start, held = word.start(), 0
        held += tokens
    return [*parts, (Window(start, sentence.end), held)] if held else parts


def _tokens(word: str) -> int:
    """About how many tokens a word is."""
    letters = _DIGITS_A_TOKEN if word[0].isdigit() else _LETTERS_A_TOKEN
    return max(1, -int(-len(word) // letters))


def _trimmed(text: str, piece: Window) -> Window:
    start, end = piece
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return Window(start, end)
