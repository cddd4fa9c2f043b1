"""A text in clauses, in English and Chinese: the stretches that evidence is told in. Pure."""

import re

MOST = 10
_CLAUSE = re.compile(r"(?:[^.。;；!！?？\n,，]|[.,](?=\d)|(?<=\d)[.,](?=\d))+")
_TAIL = re.compile(r"[A-Za-z][A-Za-z'-]*\W*$|[\u3400-\u9fff]{1,2}\W*$")


def clauses_of(text: str, most: int = MOST) -> list[tuple[int, int]]:
    """Return the clauses of a text in reading order, at most `most`: neighbours stand together where there are more."""
    found = []
    for match in _CLAUSE.finditer(text):
        words = match.group()
        if any(letter.isalnum() for letter in words):
            start = match.start() + len(words) - len(words.lstrip())
            found.append((start, match.end() - (len(words) - len(words.rstrip()))))
    if len(found) <= most:
        return found
    size = -(-len(found) // most)
    return [(part[0][0], part[-1][1]) for part in (found[at : at + size] for at in range(0, len(found), size))]


def tail_of(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the last word of a stretch (two characters of Chinese): what a `no` before it would deny."""
    found = _TAIL.search(text[start:end])
    return (start + found.start(), end) if found else (start, end)


def without(text: str, start: int, end: int) -> str:
    """Return a text without a stretch."""
    return (text[:start] + " " + text[end:]).strip()
