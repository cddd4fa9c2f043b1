"""Rows of a CSV file with a header: quoted cells over several lines, comma, semicolon or tab between cells."""

import csv
import re
from collections import Counter
from collections.abc import Iterator

from podion.data.columns import Columns
from podion.data.lines import Line, Lines
from podion.data.rows import Refusal, Row
from podion.errors import DataError

_UNCLOSED = "unexpected end of data"
_TOO_LONG = "field larger than field limit"


def csv_rows(lines: Lines, columns: Columns, longest: int) -> Iterator[Row | Refusal]:
    """Yield each record as a row of text cells, or why it cannot be one; blank lines are passed over.

    Raises `DataError` for a header that cannot work.
    """
    table = _Table(lines, longest)
    names = table.header()
    columns.meet(names)
    columns.check()
    places = [(field, place) for place, name in enumerate(names) for field in columns.targets(name)]
    fields = tuple(field for field, _ in places)
    for line in lines:
        text, refusal = line.read()
        if refusal is None and '"' not in text:
            if not text:
                continue
            cells: list[str] | Refusal = text.split(table.delimiter)
        else:
            cells = table.quoted(line, text, refusal)
        if isinstance(cells, Refusal):
            yield cells
        elif len(cells) != len(names):
            yield Refusal(line.number, None, _count(len(cells), len(names)))
        elif columns.untouched:
            yield Row(line.number, dict(zip(names, cells, strict=True)), fields)
        else:
            yield Row(line.number, {field: cells[place] for field, place in places}, fields)


def _count(cells: int, names: int) -> str:
    advice = "put quotes around a cell that holds a delimiter" if cells > names else "write an empty cell as nothing"
    return f"{cells} cell{'' if cells == 1 else 's'} where the header has {names}: {advice}"


class _Table:
    """The records that a CSV's lines make up, with what is known so far about its quotes."""

    def __init__(self, lines: Lines, longest: int) -> None:
        self._lines = lines
        self._longest = longest
        self._broken: int | None = None
        self.delimiter = ","

    def header(self) -> tuple[str, ...]:
        """Return the names of the columns, after choosing the delimiter by them."""
        line, text = self._first_line()
        bare = re.sub(r'"[^"]*"', "", text)
        self.delimiter = max(",;\t", key=bare.count)
        cells = self.quoted(line, text, None)
        if isinstance(cells, Refusal):
            raise DataError(f"the header (line {line.number}) cannot be read: {cells.reason}", code="bad_header")
        names = tuple(cell.strip() for cell in cells)
        if "" in names:
            raise DataError(
                f"the header's cell {names.index('') + 1} is empty: name every column "
                "(pandas writes an unnamed one unless it is told index=False)",
                code="bad_header",
            )
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise DataError(f"the header names {twice[0]!r} more than once: name each column once", code="bad_header")
        return names

    def _first_line(self) -> tuple[Line, str]:
        for line in self._lines:
            text, refusal = line.read()
            if refusal:
                raise DataError(f"the header (line {line.number}) cannot be read: {refusal.reason}", code="bad_header")
            if "\r" in text:
                raise DataError("lines end with a carriage return alone: save the file with LF or CRLF line ends")
            if text.strip():
                return line, text
        raise DataError("the file is empty: send a CSV with a header row", code="empty_file")

    def quoted(self, first: Line, text: str, refusal: Refusal | None) -> list[str] | Refusal:
        """Return the cells of the record that begins in `first`, reading on while a quote is open.

        Where a quote is never closed only the first line is refused, and the lines after it are read again.
        """
        taken: list[Line] = []
        faults = [refusal] if refusal else []
        stray = text.count('"')

        def record() -> Iterator[str]:
            nonlocal stray
            yield text + "\n"
            size = first.size
            for line in self._lines:
                taken.append(line)
                size += line.size
                if size > self._longest:
                    return
                more, fault = line.read()
                faults.extend([fault] if fault else [])
                stray += more.count('"')
                yield more + "\n"

        try:
            cells = next(csv.reader(record(), delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            self._lines.put_back(taken)
            if text.count('"') % 2:
                self._broken = first.number
            return faults[0] if faults and not taken else Refusal(first.number, None, self._complaint(str(error)))
        if faults:
            return Refusal(first.number, None, faults[0].reason)
        return self._trusted(first.number, cells, stray % 2 == 1)

    def _trusted(self, number: int, cells: list[str], stray: bool) -> list[str] | Refusal:
        """Refuse what may be the tail of a broken record: an odd quote, with no sound quoted record between."""
        broken, self._broken = self._broken, None
        if stray and broken is not None:
            return Refusal(number, None, f"a stray quote: it may close the one that was opened in line {broken}")
        return cells

    def _complaint(self, error: str) -> str:
        if error.startswith(_UNCLOSED):
            return f"a quote is opened and not closed within {self._longest:,} bytes: close it, or double it in a cell"
        if error.startswith(_TOO_LONG):
            return f"a quoted cell has more than {csv.field_size_limit():,} characters, or its quote is never closed"
        if "expected after" in error:
            return "text follows a closing quote: write a quote inside a quoted cell twice"
        return f"cannot be read as CSV ({error})"
