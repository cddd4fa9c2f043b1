"""What a file of records is made of, whichever format it has, and how large it may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Format = Literal["csv", "jsonl"]

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large a file may be: as sent, unpacked, in rows, in one line, and unpacked bytes a packed byte."""

    upload_bytes: int = 256 * MIB
    unpacked_bytes: int = 256 * MIB
    rows: int = 1_000_000
    line_bytes: int = MIB
    ratio: int = 200


LOCAL = Limits(upload_bytes=2**50, unpacked_bytes=2**50, rows=2**40, ratio=2_000)
"""The limits for files of one's own: only a line is bounded."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it stands in the file.

    `line` is the physical line where it begins, from 1. `columns` are all columns of the table it came from, and None
    for JSON; every value of a table is text and an empty cell is a missing value.
    """

    line: int
    values: Mapping[str, Any]
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record cannot be used: its line, the faulty field where there is one, and a reason in plain words."""

    line: int
    field: str | None
    reason: str
