"""What is checked of a task: its record has the fields it names, its answer is one, its numbers make sense."""

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel

from podion.answers import Answer, LabelAnswer, LabelsAnswer, NumberAnswer, RankingAnswer, SpanAnswer
from podion.catalogue.plugin_record import Problem, describe
from podion.catalogue.suggestions import did_you_mean, listed
from podion.head_kinds import (
    READY_MADE,
    AdditiveHead,
    MultiLabelHead,
    OrdinalHead,
    PairHead,
    ReadyMade,
    RegressionHead,
    TableHead,
)
from podion.vertical import Method, Metric, Task

MEASURED = (LabelAnswer, LabelsAnswer, NumberAnswer, RankingAnswer, SpanAnswer)
"""The kinds of answers that fine-tuning measures; of any other kind, the head that makes it measures it."""


ERRORS = frozenset({"brier", "ece", "mae", "rmse", "set_size", "width"})
"""Metrics that are better when they are lower."""


def task_problems(task: Task) -> Iterator[Problem]:
    """Yield everything wrong with a task, but for its head."""
    record: object = task.record  # a declaration may hold anything
    if not (isinstance(record, type) and issubclass(record, BaseModel)):
        yield _problem(task, f"its record is {record!r}; a pydantic model is allowed", "give the model's class")
    else:
        yield from _field_problems(task)
        yield from _pair_problems(task)
        yield from _schema_problems(task)
    yield from _answer_problems(task)
    yield from _measure_problems(task)
    yield from _label_problems(task)
    yield from _past_problems(task)
    yield from _direction_problems(task)
    yield from _item_problems(task)


def measures_itself(task: Task) -> bool:
    """Return whether only the task's own head can say how good its answers are."""
    return not issubclass(task.answer_schema, MEASURED)


def is_ready_made(task: Task) -> bool:
    """Return whether the platform brings the head that computes."""
    return isinstance(task.head, ReadyMade) and task.head.implementation in READY_MADE


def _problem(task: Task, cause: str, hint: str) -> Problem:
    return Problem(f"task {task.name!r}: {cause}", hint)


def _named_fields(task: Task) -> Iterator[tuple[str, str]]:
    """What must be fields of the record, and by which word: a text may be a property, and of an open record any field
    may be sensitive.
    """
    roles = ("head.first", "head.second") if isinstance(task.head, PairHead) else ("text",)
    read = [(role, name) for role, name in zip(roles, task.texts, strict=False)]
    yield from ((role, name) for role, name in read if not isinstance(getattr(task.record, name, None), property))
    yield "label", task.label
    single = {
        "out_of_scope": task.out_of_scope,
        "split.group": task.split.group,
        "split.time": task.split.time,
        "split.last": task.split.last,
    }
    yield from ((role, name) for role, name in single.items() if name is not None)
    if task.record.model_config.get("extra") != "allow":
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
    if task.text is None and is_ready_made(task) and not isinstance(task.head, TableHead):
        yield _problem(
            task,
            f"`text` is None, and its head {type(task.head).__name__} reads nothing but a text",
            "name the field that holds the text, or declare a TabularHead or a head of your own",
        )
    for role, optional in (("label", task.label), ("out_of_scope", task.out_of_scope)):
        if optional in fields and fields[optional].is_required():
            yield _problem(
                task,
                f"the field {optional!r} of {task.record.__name__} is required; records to predict come without it",
                f"give `{optional}` a default, the {role} of a record that nobody has judged",
            )
    if {*task.texts, task.label} & set(task.sensitive):
        yield _problem(task, "its text or label is named as sensitive, so no head could learn", "name other fields")


def _pair_problems(task: Task) -> Iterator[Problem]:
    if not isinstance(task.head, PairHead):
        return
    first, second = task.texts
    if first == second:
        yield _problem(task, f"its head reads {first!r} twice", "name two fields: PairHead(first=…, second=…)")
    if task.text != "text":
        yield _problem(
            task,
            f"`text` is {task.text!r}, and its PairHead reads {first!r} and {second!r}",
            "leave `text` out: a PairHead names its two texts itself",
        )
    if "text" in task.record.model_fields:
        yield _problem(
            task,
            f"{task.record.__name__} has a field 'text', by which name the base model is handed both texts of a pair",
            "give the field another name",
        )


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
    allowed = (type(task.head)().answer,) if isinstance(task.head, ReadyMade) and is_ready_made(task) else (Answer,)
    for declared in (task.answer, getattr(task.head, "answer", None)):
        if declared is not None and not (isinstance(declared, type) and issubclass(declared, allowed)):
            yield _problem(
                task,
                f"its answer is {declared!r}; podion.{allowed[0].__name__}, which its head makes, or a subclass is"
                " allowed",
                "inherit it and add fields, or leave the answer out",
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
    elif metric.name in ERRORS and metric.better == "higher":
        yield _problem(
            task,
            f"its metric is {metric.name!r}, the higher the better; that is an error, which has to be low",
            f'write metric=Metric({metric.name!r}, better="lower")',
        )
    if not task.methods or not all(isinstance(method, Method) for method in task.methods):
        yield _problem(
            task,
            f"its methods are {task.methods!r}; one or more of podion.Method are allowed",
            "write for example methods=(Method.HEAD, Method.LORA)",
        )
    if not 0 < task.keep <= 1:
        yield _problem(task, f"keep is {task.keep}; a share above 0 and up to 1 is allowed", "write for example 0.95")
    if task.coverage is not None and not (0 < task.coverage < 1 and issubclass(task.answer_schema, LabelAnswer)):
        yield _problem(
            task,
            f"coverage is {task.coverage} and its answers are {task.answer_schema.__name__}; a share above 0 and below"
            " 1 is allowed, of answers of one label",
            "write for example 0.9, or leave it out",
        )
    if task.minimum_rows < 1:
        yield _problem(task, f"minimum_rows is {task.minimum_rows}; 1 or more is allowed", "raise it")


def _label_problems(task: Task) -> Iterator[Problem]:
    if task.positive is not None and task.positive not in (task.labels or ()):
        yield _problem(
            task,
            f"`positive` is {task.positive!r}, which is none of its declared labels {listed(task.labels or ())}",
            "declare the labels, and name one of them",
        )
    if task.labels is None:
        if isinstance(task.head, OrdinalHead):
            yield _problem(
                task,
                "its head is an OrdinalHead and it declares no labels, so their order is unknown",
                'write labels=("low", "middle", "high"), from low to high',
            )
        return
    if isinstance(task.head, RegressionHead):
        yield _problem(task, "its head learns numbers and it declares labels", "leave labels out")
    if isinstance(task.head, AdditiveHead) and len(task.labels) != 2:
        yield _problem(
            task,
            f"its head is an AdditiveHead, which tells two labels apart, and it declares {len(task.labels)}",
            "declare two labels, or a TabularHead",
        )
    fewest, told = (1, "one or more") if isinstance(task.head, MultiLabelHead) else (2, "two or more")
    if len(set(task.labels)) != len(task.labels) or len(task.labels) < fewest or not all(task.labels):
        yield _problem(
            task,
            f"its labels are {task.labels!r}; {told} that differ are allowed",
            "leave labels out if the dataset decides them",
        )
    for label in task.descriptions:
        if label not in task.labels:
            yield _problem(
                task,
                f"it describes the label {label!r}, which it does not have.{did_you_mean(label, task.labels)}",
                "describe labels that the task has",
            )


def _direction_problems(task: Task) -> Iterator[Problem]:
    if not isinstance(task.head, AdditiveHead):
        return
    for name, sign in task.head.monotone.items():
        if sign not in (1, -1):
            yield _problem(
                task,
                f"its head is monotone in {name!r} by {sign!r}; 1 (more of it never lowers the probability) or -1"
                " (never raises it) is allowed",
                f"write monotone={{{name!r}: 1}}",
            )
        if name in (*task.sensitive, task.label):
            yield _problem(task, f"its head is monotone in {name!r}, which it does not read", "leave the name out")


def _past_problems(task: Task) -> Iterator[Problem]:
    history: object = task.history  # a declaration may hold anything
    missing = [name for name in ("follow", "state") if not callable(getattr(history, name, None))]
    if history is not None and (not isinstance(history, type) or missing):
        yield _problem(
            task,
            f"its history is {history!r}; a class with the methods of podion.History is allowed",
            f"give a class that has {' and '.join(missing or ['follow', 'state'])}, not one of its values",
        )


def _item_problems(task: Task) -> Iterator[Problem]:
    items: object = task.items  # a declaration may hold anything
    if items is None:
        return
    if not (isinstance(items, type) and issubclass(items, BaseModel)) or "id" not in items.model_fields:
        yield _problem(
            task,
            f"its items are {items!r}; a pydantic model with a field `id`, which labels name, is allowed",
            "give the kind of document that the vertical keeps of each",
        )
    elif task.item_text not in items.model_fields and not isinstance(getattr(items, task.item_text, None), property):
        yield _problem(
            task,
            f"`item_text` names {task.item_text!r}, which is neither a field nor a property of {items.__name__}."
            f"{did_you_mean(task.item_text, items.model_fields)} It has: {listed(items.model_fields)}",
            "name what the base model is to read of an item",
        )
