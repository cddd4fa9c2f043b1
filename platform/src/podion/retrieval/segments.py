"""Cuts a text into segments: sentences together up to a bounded length, each known by its exact place."""

import re
from collections.abc import Iterator

LONGEST = 480
"""Characters of a segment: what a base reads as a whole, and a person as one quote."""
_SHORTEST = 60
"""A shorter paragraph (a heading, an item of a list) stays with what follows."""

_PARAGRAPH = re.compile(r"[^\n]+")
_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]]*(?=\s)|[。!?;…]+[”’」』)]*|[!?;](?=[\u3000-\u9fff])")


def cut_text(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of the segments of a text, in order, end exclusive; they do not overlap.

    Every character that is not white space is in exactly one segment; a segment begins and ends with such a one.
    """
    segments: list[tuple[int, int]] = []
    start = end = -1
    for first, last, opens_paragraph in _pieces(text):
        fits = last - start <= LONGEST
        stays = not opens_paragraph or end - start < _SHORTEST
        if start >= 0 and not (fits and stays):
            segments.append((start, end))
            start = -1
        start, end = (first if start < 0 else start), last
    return [*segments, (start, end)] if start >= 0 else segments


def _pieces(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield the sentences, the overlong ones in parts, and whether each begins a paragraph."""
    for paragraph in _PARAGRAPH.finditer(text):
        opens = True
        for start, end in _sentences(text, paragraph.start(), paragraph.end()):
            for first, last in _parts(text, start, end):
                yield first, last, opens
                opens = False


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for mark in _SENTENCE_END.finditer(text, start, end):
        yield start, mark.end()
        start = mark.end()
    yield start, end


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield a sentence without the white space around it, broken where a word ends once it is too long."""
    start, end = _strip(text, start, end)
    while end - start > LONGEST:
        space = max(text.rfind(mark, start + LONGEST // 2, start + LONGEST) for mark in " ,,、\t")
        middle = space + 1 if space > 0 else start + LONGEST
        yield _strip(text, start, middle)
        start, end = _strip(text, middle, end)
    if start < end:
        yield start, end


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
