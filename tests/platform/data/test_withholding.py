from pydantic import BaseModel, Field

from podion.data.withholding import as_served, without_sensitive
from podion.head_kinds import TabularHead
from podion.vertical import Task


class Loan(BaseModel, extra="allow", frozen=True):
    text: str = ""
    label: str | None = None
    late: bool = False
    age: float | None = None
    marks: list[str] = Field(default_factory=lambda: ["none"])
    race: str


def loan() -> Loan:
    return Loan.model_validate(
        {"text": "a car", "label": "1", "late": True, "age": 31, "marks": ["x"], "race": "r", "income": 5, "sex": "f"}
    )


def test_nothing_sensitive_is_left_declared_or_not() -> None:
    task = Task(name="t", record=Loan, head=TabularHead(), sensitive=("age", "marks", "race", "sex", "religion"))
    given = loan()
    (kept,) = without_sensitive(task, [given])
    assert kept.model_dump() == {
        "text": "a car", "label": "1", "late": True, "age": None, "marks": ["none"], "race": None, "income": 5,
    }  # fmt: skip
    assert given == loan()


def test_a_head_sees_what_it_sees_when_it_serves() -> None:
    task = Task(name="t", record=Loan, head=TabularHead(), sensitive=("race",), out_of_scope="late")
    (seen,) = as_served(task, [loan()])
    assert isinstance(seen, Loan)
    assert (seen.label, seen.late, seen.race, seen.text) == (None, False, None, "a car")


def test_a_task_that_reads_no_text_shows_none() -> None:
    task = Task(name="t", record=Loan, head=TabularHead(), text=None)
    (kept,) = without_sensitive(task, [loan()])
    assert isinstance(kept, Loan)
    assert (kept.text, kept.label, kept.race) == ("", "1", "r")


def test_where_nothing_is_withheld_records_are_those_given() -> None:
    given = loan()
    assert without_sensitive(Task(name="t", record=Loan, head=TabularHead()), [given])[0] is given
