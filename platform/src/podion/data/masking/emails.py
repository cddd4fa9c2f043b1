"""E-mail addresses in a text."""

import re
from collections.abc import Iterator

from podion.data.masking.found import Found

_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-")
_LONGEST_LOCAL = 64
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z][A-Za-z0-9-]{0,22}[A-Za-z](?![A-Za-z0-9])"
)


def emails(plain: str) -> Iterator[Found]:
    """Yield the e-mail addresses of a text in its plain form."""
    at = plain.find("@")
    while at >= 0:
        domain = _DOMAIN.match(plain, at + 1)
        start = at
        while domain and start > 0 and at - start < _LONGEST_LOCAL and plain[start - 1] in _LOCAL:
            start -= 1
        while start < at and plain[start] in ".-%":
            start += 1
        if domain and start < at:
            yield Found("email", start, domain.end())
        at = plain.find("@", at + 1)
