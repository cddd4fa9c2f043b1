"""The physical lines of a file, numbered, none held that is longer than the limit."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from podion.data.rows import Refusal
from podion.errors import TooLarge


class Line(NamedTuple):
    """One physical line without its line end: its number from 1, its bytes (none if too long) and how many it had."""

    number: int
    data: bytes
    size: int

    def read(self) -> tuple[str, Refusal | None]:
        """Return the line as text, with a refusal where it cannot be read.

        The text of a line that is not UTF-8 is byte for byte, so that its commas and quotes are where they were.
        """
        if self.size > len(self.data):
            return "", self._refuse(f"the line has {self.size:,} bytes, more than a line may have: it was skipped")
        try:
            text = self.data.decode()
        except UnicodeDecodeError as error:
            return self.data.decode("latin-1"), self._refuse(f"not UTF-8 at byte {error.start}{self._hint()}")
        if "\0" in text:
            where = self.data.index(b"\0")
            return text, self._refuse(f"a NUL byte at byte {where}: text has none (UTF-16 has: save as UTF-8)")
        return text.removesuffix("\r"), None

    def _refuse(self, reason: str) -> Refusal:
        return Refusal(self.number, None, reason)

    def _hint(self) -> str:
        try:
            self.data.decode("gb18030")
        except UnicodeDecodeError:
            return ": save the file as UTF-8"
        return ": looks like GBK/GB18030: save the file as UTF-8"


class Lines:
    """An iterator over the lines of a stream of bytes, which takes lines back to give them out again.

    A stream of more than `most` lines, most of them blank, is `TooLarge`; `passed` lines came before it.
    """

    def __init__(self, chunks: Iterable[bytes], longest: int, most: int, passed: int = 0) -> None:
        self._fresh = _split(chunks, longest, most, passed)
        self._returned: deque[Line] = deque()

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._returned.popleft() if self._returned else next(self._fresh)

    def put_back(self, lines: Iterable[Line]) -> None:
        """Give out `lines` again, in their order, before any other."""
        self._returned.extendleft(reversed(list(lines)))


def _split(chunks: Iterable[bytes], longest: int, most: int, number: int) -> Iterator[Line]:
    rest, skipped = b"", 0
    for chunk in chunks:
        *ended, rest = (rest + chunk).split(b"\n")
        for data in ended:
            number += 1
            size = skipped + len(data)
            yield Line(number, data if size <= longest else b"", size)
            skipped = 0
        if number > most:
            raise TooLarge(f"the file has more than {most:,} lines, nearly all of them blank: leave these out")
        if skipped + len(rest) > longest:
            skipped, rest = skipped + len(rest), b""
    if skipped or rest:
        size = skipped + len(rest)
        yield Line(number + 1, rest if size <= longest else b"", size)
