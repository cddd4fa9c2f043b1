"""What is checked of a task: its record has the fields it names, its answer is one, its numbers make sense."""

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel

from podion.answers import LabelAnswer, SpanAnswer
from podion.catalogue.plugin_record import Problem, describe
from podion.catalogue.suggestions import did_you_mean, listed
from podion.vertical import Method, Metric, Task

MEASURED = (LabelAnswer, SpanAnswer)
"""The kinds of answers that fine-tuning calibrates and measures in this version."""


def task_problems(task: Task) -> Iterator[Problem]:
    """Yield everything wrong with a task, but for its head."""
    record: object = task.record  # a declaration may hold anything
    if not (isinstance(record, type) and issubclass(record, BaseModel)):
        yield _problem(task, f"its record is {record!r}; a pydantic model is allowed", "give the model's class")
    else:
        yield from _field_problems(task)
        yield from _schema_problems(task)
    yield from _answer_problems(task)
    yield from _measure_problems(task)
    yield from _label_problems(task)


def _problem(task: Task, cause: str, hint: str) -> Problem:
    return Problem(f"task {task.name!r}: {cause}", hint)


def _named_fields(task: Task) -> Iterator[tuple[str, str]]:
    yield "text", task.text
    yield "label", task.label
    single = {"out_of_scope": task.out_of_scope, "split.group": task.split.group, "split.time": task.split.time}
    yield from ((role, name) for role, name in single.items() if name is not None)
    yield from (("sensitive", name) for name in task.sensitive)


def _field_problems(task: Task) -> Iterator[Problem]:
    fields = task.record.model_fields
    for role, name in _named_fields(task):
        if name not in fields:
            yield _problem(
                task,
                f"`{role}` names the field {name!r}, which {task.record.__name__} does not have."
                f"{did_you_mean(name, fields)} It has: {listed(fields)}",
                f"name a field that {task.record.__name__} has, or add it there",
            )
    for role, optional in (("label", task.label), ("out_of_scope", task.out_of_scope)):
        if optional in fields and fields[optional].is_required():
            yield _problem(
                task,
                f"the field {optional!r} of {task.record.__name__} is required; records to predict come without it",
                f"give `{optional}` a default, the {role} of a record that nobody has judged",
            )
    if task.text in task.sensitive or task.label in task.sensitive:
        yield _problem(task, "its text or label is named as sensitive, so no head could learn", "name other fields")


def _schema_problems(task: Task) -> Iterator[Problem]:
    try:
        task.record.model_json_schema()
    except Exception as error:
        yield _problem(
            task,
            f"{task.record.__name__} has no JSON schema: {describe(error)}",
            "use types that JSON can carry",
        )


def _answer_problems(task: Task) -> Iterator[Problem]:
    for declared in (task.answer, getattr(task.head, "answer", None)):
        if declared is not None and not (isinstance(declared, type) and issubclass(declared, MEASURED)):
            kinds = " or ".join(f"podion.{kind.__name__}" for kind in MEASURED)
            yield _problem(
                task,
                f"its answer is {declared!r}; a subclass of {kinds} is allowed: a run could measure no other",
                "inherit one of them and add fields, or leave the answer out",
            )


def _measure_problems(task: Task) -> Iterator[Problem]:
    metric = task.primary_metric
    directions = get_args(Metric.__annotations__["better"])
    if not isinstance(metric, Metric) or not metric.name.strip() or metric.better not in directions:
        yield _problem(
            task,
            f"its metric is {task.metric!r}; a name and one of {', '.join(directions)} are allowed",
            'write for example metric="macro_f1"',
        )
    if not task.methods or not all(isinstance(method, Method) for method in task.methods):
        yield _problem(
            task,
            f"its methods are {task.methods!r}; one or more of podion.Method are allowed",
            "write for example methods=(Method.HEAD, Method.LORA)",
        )
    if not 0 < task.keep <= 1:
        yield _problem(task, f"keep is {task.keep}; a share above 0 and up to 1 is allowed", "write for example 0.95")
    if task.minimum_rows < 1:
        yield _problem(task, f"minimum_rows is {task.minimum_rows}; 1 or more is allowed", "raise it")


def _label_problems(task: Task) -> Iterator[Problem]:
    if task.labels is None:
        return
    if len(set(task.labels)) != len(task.labels) or len(task.labels) < 2 or not all(task.labels):
        yield _problem(
            task,
            f"its labels are {task.labels!r}; two or more that differ are allowed",
            "leave labels out if the dataset decides them",
        )
    for label in task.descriptions:
        if label not in task.labels:
            yield _problem(
                task,
                f"it describes the label {label!r}, which it does not have.{did_you_mean(label, task.labels)}",
                "describe labels that the task has",
            )
