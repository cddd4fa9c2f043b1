"""A file of records in two: one to learn from, one to test on, with every column and in the same format."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from podion.data.reading import LOCAL, Format, Refusal, Row, read_rows, sniff_format
from podion.data.splits import split_rows
from podion.errors import DataError, NotFound
from podion.vertical import Split


@dataclass(frozen=True, kw_only=True)
class SplitFiles:
    """The two files that a split wrote, and how many rows each has."""

    train: Path
    test: Path
    train_rows: int
    test_rows: int


def split_file(
    path: Path,
    out: Path,
    *,
    share: float,
    seed: int,
    stratify: str | None = None,
    group: str | None = None,
    time: str | None = None,
    last: str | None = None,
) -> SplitFiles:
    """Write `train` and `test`, `.csv` or `.jsonl` as `path` is, into the folder `out`; return where and how many.

    `share` of the rows go to `test`: in each label of the column `stratify`, by whole groups of the column `group`, the
    latest by the column `time`, or at random; with `last`, no share but the latest row of each value of that column,
    by the column `time` or else by where it stands. Raises `DataError` for a row that cannot be read, a column that is
    not there and a split that cannot be; then the folder is left as it was.
    """
    if stratify is not None and (group is not None or time is not None or last is not None):
        raise DataError(
            "a split goes by label, or by group, time and last: leave out --stratify, or --group, --time and --last"
        )
    if group is not None and last is not None:
        raise DataError("a split keeps groups whole or tests the last row of each: leave out --group, or --last")
    if not path.is_file():
        raise NotFound(f"no file {path}: name a .csv or .jsonl file, plain or .gz")
    with path.open("rb") as source:
        format = sniff_format(source, LOCAL)
    train, test = out / f"train.{format}", out / f"test.{format}"
    if path.resolve() in (train.resolve(), test.resolve()):
        raise DataError(f"{path} would be overwritten by its own split: name another folder to write to")
    named = [stratify, group, time, last]
    columns = _columns(path, [name for name in named if name is not None])
    labels, groups, times, lasts = (columns[name] if name is not None else None for name in named)
    count = len(next(iter(columns.values())))
    kept, taken = split_rows(
        labels or [None] * count,
        groups,
        times,
        lasts,
        share=share,
        seed=seed,
        rule=Split(group=group, time=time, last=last),
    )
    if not kept or not taken:
        raise DataError(
            f"{count} rows cannot be split with {share} for test: there would be {len(kept)} to learn from and "
            f"{len(taken)} to test on"
        )
    _write(path, {train: set(kept), test: set(taken)}, format)
    return SplitFiles(train=train, test=test, train_rows=len(kept), test_rows=len(taken))


def _rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as source:
        for row in read_rows(source, limits=LOCAL):
            if isinstance(row, Refusal):
                raise DataError(f"line {row.line} of {path.name} cannot be split: {row.reason}")
            yield row


def _columns(path: Path, names: list[str]) -> dict[str, list[Any]]:
    """Return the values of columns, one a row; under the empty name a list of as many Nones. Missing is None."""
    columns: dict[str, list[Any]] = {name: [] for name in ["", *names]}
    met: dict[str, None] = {}
    for row in _rows(path):
        met.update(dict.fromkeys(row.columns or row.values) if len(met) < 50 else {})
        columns[""].append(None)
        for name in names:
            columns[name].append(_plain(row.values.get(name)))
    for name in names:
        if not any(value is not None for value in columns[name]):
            raise DataError(f"{path.name} has nothing in a column {name!r}; it has: {', '.join(map(repr, met))}")
    return columns


def _plain(value: Any) -> Any:
    """Return a value that can be told apart from others: an empty cell is None, a list or object its JSON."""
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    return None if value == "" else value


def _write(path: Path, parts: dict[Path, set[int]], format: Format) -> None:
    """Write each part's rows to a draft beside its place, and put all in place once every row is written."""
    drafts = {target: target.with_name(target.name + ".part") for target in parts}
    next(iter(drafts.values())).parent.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            writers = [
                (rows, _writer(stack.enter_context(drafts[target].open("w", encoding="utf-8", newline="")), format))
                for target, rows in parts.items()
            ]
            for place, row in enumerate(_rows(path)):
                for rows, write in writers:
                    if place in rows:
                        write(row)
        for target, draft in drafts.items():
            draft.replace(target)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _writer(file: TextIO, format: Format) -> Callable[[Row], None]:
    table = csv.writer(file, lineterminator="\n")
    headed = False

    def write_json(row: Row) -> None:
        file.write(json.dumps(row.values, ensure_ascii=False) + "\n")

    def write_cells(row: Row) -> None:
        nonlocal headed
        if not headed:
            table.writerow(row.columns or ())
            headed = True
        table.writerow(row.values.values())

    return write_json if format == "jsonl" else write_cells
