import io
import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from podion.data.datasets import build, extend, read_records
from podion.data.reading import Refusal
from podion.data.records import Accepted, validate_values
from podion.errors import DataError
from podion.head_kinds import LabelHead, SpanHead, TabularHead
from podion.vertical import Task


def test_records_are_written_in_one_way_only(task, built):
    summary, data = built(task, '{"label": "问候", "text": "你好", "channel": null}\n')
    assert data == '{"label":"问候","oos":false,"text":"你好"}\n'.encode()
    assert summary.digest == sha256(data).hexdigest()
    assert built(task, "channel,text,label\n,你好,问候\n")[0].digest == summary.digest


def test_what_came_in_is_counted(task, built):
    summary, data = built(
        task,
        "text,label,oos\nhi,greet,\nHI ,greet,\nbye,part,\n,greet,maybe\nsunny?,,1\nhm,,\nbad row\nciao,part,0\n",
    )
    assert (summary.read, summary.kept, summary.refused, summary.duplicate_count) == (8, 5, 2, 1)
    assert (summary.unlabelled, summary.out_of_scope, summary.refusal_count) == (1, 1, 3)
    assert summary.labels == {"greet": 1, "part": 2}
    assert data.count(b"\n") == 5
    assert [(each.line, each.first_line) for each in summary.duplicates] == [(3, 2)]
    assert [refusal.line for refusal in summary.refusals] == [5, 5, 8]


def test_the_same_text_under_two_labels_is_kept_and_reported(task, built):
    summary, _ = built(task, "text,label,oos\nhi,greet,\nＨi,part,\nbye,part,\nHi,part,\nbye,,1\nbye,,\n")
    assert (summary.kept, summary.duplicate_count, summary.conflict_count) == (5, 1, 2)
    assert [(each.lines, each.labels) for each in summary.conflicts] == [
        ((2, 3), ("greet", "part")),
        ((4, 6), ("part", "(out of scope)")),
    ]


def test_rows_without_a_label_contradict_nothing_and_repeat_each_other(task, built):
    summary, _ = built(task, "text,label\nhi,\nhi,greet\nHi,\n")
    assert (summary.kept, summary.duplicate_count, summary.conflict_count, summary.unlabelled) == (2, 1, 0, 1)


def test_records_that_differ_in_another_required_field_are_no_duplicates(built):
    class Pair(BaseModel):
        query1: str
        query2: str
        label: str | None = None
        source: str | None = None

    task = Task(name="match", record=Pair, head=LabelHead(), text="query1")
    summary, _ = built(task, "query1,query2,label,source\na,b,1,x\na,c,1,x\nA,b,1,y\na,c,0,x\n")
    assert (summary.kept, summary.duplicate_count, summary.conflict_count) == (3, 1, 1)


def test_records_without_text_are_told_apart_by_all_they_hold(built):
    class Case(BaseModel):
        text: str | None = None
        age: int
        income: float | None = None
        label: str | None = None

    summary, _ = built(Task(name="risk", record=Case, head=LabelHead()), "age,income,label\n1,2,a\n1,3,a\n1,2,a\n")
    assert (summary.kept, summary.duplicate_count, summary.conflict_count) == (3, 0, 0)


@pytest.mark.parametrize("text", [None, "text"])
def test_rows_of_a_table_are_copies_only_under_one_id(built, text):
    class Loan(BaseModel, extra="allow"):
        loan_id: str = ""
        text: str = ""
        label: str | None = None

    task = Task(name="risk", record=Loan, head=TabularHead(), text=text)
    without = "income,purpose,label\n1,car,a\n1,car,a\n1,car,b\n"
    summary, written = built(task, without)
    assert (summary.kept, summary.duplicate_count, summary.conflict_count) == (3, 0, 0)
    assert json.loads(written.splitlines()[0]) == {
        "income": "1",
        "label": "a",
        "loan_id": "",
        "purpose": "car",
        "text": "",
    }
    summary, _ = built(task, "loan_id,income,label\n7,1,a\n7,1,a\n8,1,a\n7,2,a\n7,1,b\n")
    assert (summary.kept, summary.duplicate_count, summary.conflict_count) == (4, 1, 1)
    summary, _ = built(task, "income,text,label\n1,to buy a car,a\n2,to buy a car,a\n,to buy a car,a\n")
    assert summary.kept == 3


def test_empty_cells_of_an_open_record_are_missing(records):
    class Loan(BaseModel, extra="allow"):
        label: str | None = None

    task = Task(name="risk", record=Loan, head=TabularHead(), text=None)
    found = records(task, "bad,income,purpose\n1,, \n0,2.5,car\n", rename={"label": "bad"})
    assert [item.record.model_dump() for item in found] == [
        {"label": "1"},
        {"label": "0", "income": "2.5", "purpose": "car"},
    ]


def test_labels_of_spans_are_counted_span_by_span(built):
    class Mark(BaseModel):
        start: int
        end: int
        label: str

    class Marked(BaseModel):
        text: str
        entities: list[Mark] | None = None

    task = Task(name="slots", record=Marked, head=SpanHead(), label="entities")
    one, two = {"start": 0, "end": 1, "label": "city"}, {"start": 2, "end": 3, "label": "date"}
    lines = [("a b", [one, two]), ("A b", [two, one]), ("a b", [one]), ("c", []), ("d", None)]
    data = "\n".join(json.dumps({"text": text, "entities": marks}) for text, marks in lines)
    summary, _ = built(task, data)
    assert summary.labels == {"city": 2, "date": 1}
    assert (summary.duplicate_count, summary.conflict_count, summary.unlabelled) == (1, 1, 1)
    assert summary.conflicts[0].lines == (1, 3)


def test_a_label_seen_once_is_held_against_the_frequent_ones(task, built):
    rows = [f"row {number},refund_status" for number in range(131)]
    summary, _ = built(task, "\n".join(["text,label", *rows, "where is it,refnd_status", "x,other"]))
    assert summary.warnings[0] == '"refnd_status" is used once; did you mean "refund_status" (131)?'
    assert summary.warnings[1].startswith('"other" is used once; ')


def test_one_label_and_no_label_are_warned_of(task, built):
    assert "at least two labels" in built(task, "text,label\na,x\nb,x\n")[0].warnings[0]
    assert "no row has a label" in built(task, "text\na\nb\n")[0].warnings[0]
    assert built(task, "text,label\na,x\nb,x\nc,y\nd,y\n")[0].warnings == ()


def test_a_label_a_row_makes_a_short_report(task, built):
    summary, _ = built(task, "text,label\n" + "".join(f"text {n},label {n}\n" for n in range(3_000)))
    assert len(summary.warnings) == 51
    assert summary.warnings[-1] == "2,950 more labels are used once"


def test_a_thousand_refusals_are_kept_and_all_counted(task, built):
    summary, _ = built(task, "text,label\n" + "a\n" * 2_500 + "hi,x\n")
    assert (len(summary.refusals), summary.refusal_count, summary.refused, summary.kept) == (1_000, 2_500, 2_500, 1)


def test_the_report_is_json(task, built):
    summary, _ = built(task, "text,label\nhi,a\nhi,b\nhi,a\n,b\n")
    report = summary.report()
    assert json.loads(json.dumps(report)) == report
    assert report["conflicts"] == [{"lines": [2, 3], "labels": ["a", "b"]}]
    assert (report["read"], report["kept"], report["refusal_count"]) == (4, 2, 1)


def test_text_that_cannot_be_written_down_is_refused(task):
    out = io.BytesIO()
    summary = build(
        task, [Accepted(1, task.record.model_construct(text="\ud800", label="x", oos=False, channel=None))], out
    )
    assert (summary.kept, summary.refused, out.getvalue()) == (0, 1, b"")


def test_records_come_back_as_they_were(task, built, tmp_path):
    _, data = built(task, "text,label,oos,channel\nhi,greet,0,app\nsunny?,,1,\n")
    path = tmp_path / "dataset.jsonl"
    path.write_bytes(data)
    assert read_records(path, task) == [
        task.record(text="hi", label="greet", channel="app"),
        task.record(text="sunny?", oos=True),
    ]


def test_a_null_that_means_something_comes_back(tmp_path):
    class Odd(BaseModel):
        text: str
        needed: int | None
        label: str | None = "none yet"

    task = Task(name="odd", record=Odd, head=LabelHead())
    record = Odd(text="a", needed=None, label=None)
    with (tmp_path / "dataset.jsonl").open("wb") as out:
        build(task, [Accepted(1, record)], out)
    assert read_records(tmp_path / "dataset.jsonl", task) == [record]


def test_a_dataset_that_the_schema_no_longer_reads_says_so(task, tmp_path):
    path = tmp_path / "dataset.jsonl"
    path.write_text('{"text":"hi"}\n{"txt":"hi"}\n')
    with pytest.raises(DataError, match=r"row 2.*text.*Upload the records again"):
        read_records(path, task)


@pytest.fixture
def parent(task, built, tmp_path):
    path = tmp_path / "parent.jsonl"
    path.write_bytes(built(task, "text,label\nhi,greet\nbye,part\nHello there,greet\n")[1])
    return path


def test_a_correction_replaces_what_has_the_same_text(task, parent, tmp_path):
    child = tmp_path / "child.jsonl"
    with child.open("wb") as out:
        summary = extend(
            task,
            parent,
            out,
            corrections=[({"text": "HI"}, "part"), ({"text": "where is it"}, "refund"), ({"text": "hi "}, "welcome")],
            items=[Accepted(2, task.record(text="new", label="part")), Refusal(3, "text", "is missing")],
        )
    assert [(each.text, each.label) for each in read_records(child, task)] == [
        ("bye", "part"), ("Hello there", "greet"), ("new", "part"), ("hi ", "welcome"), ("where is it", "refund"),
    ]  # fmt: skip
    assert (summary.read, summary.kept, summary.replaced, summary.refused) == (7, 5, 1, 1)
    assert summary.conflict_count == 0


def test_a_faulty_correction_is_refused_and_nothing_is_lost(task, parent):
    summary = extend(task, parent, io.BytesIO(), corrections=[({"text": ""}, "part"), ({"text": "\ud800"}, "part")])
    assert (summary.kept, summary.refused) == (3, 2)
    assert "a correction: must have at least 1 character" in summary.refusals[0].reason


def test_no_corrections_give_the_parent_again(task, parent):
    out = io.BytesIO()
    summary = extend(task, parent, out)
    assert out.getvalue() == parent.read_bytes()
    assert summary.digest == sha256(parent.read_bytes()).hexdigest()


texts = st.sampled_from(["a", "A ", "b", "ｂ", "c d", "C  D"])
labels = st.sampled_from([None, "x", "y"])


@given(st.lists(st.tuples(texts, labels, st.booleans()) | st.none(), max_size=30))
def test_every_row_is_kept_refused_or_a_duplicate_and_building_again_changes_nothing(rows):
    class Line(BaseModel):
        text: str
        label: str | None = None
        oos: bool = False

    task = Task(name="t", record=Line, head=LabelHead(), out_of_scope="oos")
    items = [
        Refusal(n, None, "no") if row is None else Accepted(n, Line(text=row[0], label=row[1], oos=row[2]))
        for n, row in enumerate(rows)
    ]
    out = io.BytesIO()
    summary = build(task, items, out)
    assert summary.read == len(rows) == summary.kept + summary.refused + summary.duplicate_count
    assert summary.kept == sum(summary.labels.values()) + summary.unlabelled + summary.out_of_scope
    kept = [validate_values(task, json.loads(line)) for line in out.getvalue().splitlines()]
    again = build(task, [Accepted(n, record) for n, record in enumerate(kept)], io.BytesIO())
    assert (again.digest, again.duplicate_count) == (summary.digest, 0)
