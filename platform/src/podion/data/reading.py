"""Rows out of a file of records: CSV or JSON Lines, plain or gzip, in constant memory."""

from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import BinaryIO

from podion.data.columns import Columns
from podion.data.csv_rows import csv_rows
from podion.data.json_rows import json_rows
from podion.data.lines import Lines
from podion.data.rows import LOCAL, Format, Limits, Refusal, Row
from podion.data.unpacking import BrokenGzip, unpack
from podion.errors import DataError, TooLarge

_LINES_A_ROW = 20

__all__ = ["LOCAL", "Format", "Limits", "Refusal", "Row", "read_rows", "sniff_format"]


def read_rows(
    source: BinaryIO,
    *,
    limits: Limits,
    format: Format | None = None,
    rename: Mapping[str, str] | None = None,
    drop: Collection[str] = (),
) -> Iterator[Row | Refusal]:
    """Yield the records of a file in its order, each as a row or as the reason why it cannot be read.

    `rename` maps a field to the column it is read from, `drop` names columns to leave out. Without a `format` the
    first character tells. Raises `DataError` for a file that cannot be used as a whole (empty, cut off, wrong
    encoding, unusable header, a mapped column that is not there) and `TooLarge` past a limit, while it is read.
    """
    count = 0
    try:
        chunks = unpack(source, limits)
        kind, blank, chunks = _begin(chunks, format)
        lines = Lines(chunks, limits.line_bytes, limits.rows * _LINES_A_ROW, blank)
        columns = Columns(rename or {}, drop)
        rows = csv_rows(lines, columns, limits.line_bytes) if kind == "csv" else json_rows(lines, columns)
        for row in rows:
            count += 1
            if count > limits.rows:
                raise TooLarge(
                    f"the file has more than {limits.rows:,} rows, the most for one upload: send it in parts"
                )
            yield row
    except BrokenGzip as error:
        raise DataError(f"{error}; {count:,} rows had been read: send the whole file", code="broken_gzip") from error
    if not count:
        raise DataError("the file has no rows: only a header or blank lines", code="empty_file")


def sniff_format(source: BinaryIO, limits: Limits = LOCAL) -> Format:
    """Return the format of a file, plain or gzip, by its first character; raises as `read_rows` does."""
    try:
        return _begin(unpack(source, limits), None)[0]
    except BrokenGzip as error:
        raise DataError(f"{error}: send the whole file", code="broken_gzip") from error


def _begin(chunks: Iterator[bytes], format: Format | None) -> tuple[Format, int, Iterator[bytes]]:
    """Return the format, how many blank lines were passed over, and the chunks after them."""
    blank = 0
    for chunk in chunks:
        if start := chunk.lstrip():
            kind: Format = "jsonl" if start.startswith((b"{", b"[")) else "csv"
            return format or kind, blank, chain([chunk], chunks)
        blank += chunk.count(b"\n")
    raise DataError("the file is empty: send a CSV with a header row, or one JSON object a line", code="empty_file")
