"""Every row of a file is there once, under its number, whatever is wrong with it or its neighbours."""

import json
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from podion import LabelHead, Task
from podion.data.reading import LOCAL
from podion.errors import DataError
from podion.lifecycle.batch_rows import batch_rows, pieces


def task() -> Task:
    from pydantic import BaseModel, Field

    class Note(BaseModel):
        text: str = Field(min_length=1)
        pages: int = 1
        label: str | None = None

    return Task(name="note", record=Note, head=LabelHead())


LINES = {
    "good": json.dumps({"text": "t"}),
    "labelled": json.dumps({"text": "t", "label": "x"}),
    "empty": json.dumps({"text": ""}),
    "twice wrong": json.dumps({"text": "", "pages": "many"}),
    "strange": json.dumps({"text": "t", "bogus": 1}),
    "no json": "{",
    "a list": "[1]",
}
USABLE = {"good", "labelled"}
TASK = task()


@hypothesis.settings(max_examples=60, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(kinds=st.lists(st.sampled_from([*LINES, "blank"]), min_size=1, max_size=25), done=st.integers(0, 30))
def test_rows_are_numbered_by_the_file(tmp_path: Path, kinds: list[str], done: int) -> None:
    path = tmp_path / "rows"
    path.write_text("\n".join(LINES.get(kind, "") for kind in kinds) + "\n", "utf-8")
    wanted = [(line, kind) for line, kind in enumerate(kinds, start=1) if kind != "blank"]
    if not wanted:
        with pytest.raises(DataError):
            list(batch_rows(path, TASK, LOCAL, {}, frozenset()))
        return
    rows = list(batch_rows(path, TASK, LOCAL, {}, frozenset()))
    assert [row.number for row in rows] == list(range(1, len(wanted) + 1))
    assert [row.line for row in rows] == [line for line, _ in wanted]
    assert [row.record is not None for row in rows] == [kind in USABLE for _, kind in wanted]
    assert [bool(row.refusals) for row in rows] == [kind not in USABLE for _, kind in wanted]
    assert {len(row.refusals) for row, (_, kind) in zip(rows, wanted, strict=True) if kind == "twice wrong"} <= {2}
    assert [row for piece in pieces(iter(rows[done:]), 4) for row in piece] == rows[done:]


def test_a_row_of_a_table_may_have_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('content,pages,note\n"two\nlines",1,x\none,no,x\n"",2,x\nlast,3,x\n', "utf-8")
    rows = list(batch_rows(path, TASK, LOCAL, {"text": "content"}, frozenset({"note"})))
    assert [(row.number, row.line, row.record is not None) for row in rows] == [
        (1, 2, True), (2, 4, False), (3, 5, False), (4, 6, True),
    ]  # fmt: skip
