"""What is refused of a vertical's events, jobs and schedules; each message says what was seen and what to do."""

from typing import Any

import pytest
from pydantic import BaseModel

from podion import EventType, JobType, LabelHead, Schedule, Task, Vertical
from podion.catalogue.background_checks import background_problems


class Remark(BaseModel):
    text: str
    label: str | None = None


class Noted(BaseModel):
    title: str


class Tick(BaseModel):
    day: str = ""


async def run(caller: Any, payload: Any) -> None: ...


async def run_alone(caller: Any) -> None: ...


NOTED = EventType(name="note.kept", payload=Noted)
CLOSE = JobType(name="close-day", payload=Tick, run=run)


def _problems(**more: Any) -> list[str]:
    task = Task(name="judge", record=Remark, head=LabelHead())
    vertical = Vertical(name="praise", title={"en": "Praise", "zh": "好评"}, tasks=(task,), **more)
    found = list(background_problems(vertical))
    assert all(problem.hint for problem in found)
    return [problem.cause for problem in found]


def test_sound_declarations_have_no_problem() -> None:
    schedules = (Schedule(job="close-day", every_seconds=60),)
    assert _problems(events=(NOTED,), jobs=(CLOSE,), schedules=schedules) == []
    assert _problems() == []


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"events": [NOTED]}, "a tuple of podion.EventType is allowed"),
        ({"jobs": (NOTED,)}, "a tuple of podion.JobType is allowed"),
        ({"events": (NOTED, NOTED)}, "the event 'note.kept' is declared 2 times"),
        ({"jobs": (CLOSE, CLOSE)}, "the job 'close-day' is declared 2 times"),
        ({"events": (EventType(name="Note Kept", payload=Noted),)}, "event 'Note Kept': its name is not of the form"),
        ({"events": (EventType(name="note..kept", payload=Noted),)}, "event 'note..kept': its name"),
        ({"events": (EventType(name="note", payload=dict),)}, "its payload is <class 'dict'>; a pydantic model"),  # type: ignore[arg-type]
        ({"jobs": (JobType(name="close day", payload=Tick, run=run),)}, "job 'close day': its name"),
        ({"jobs": (JobType(name="a", payload=Tick, run=lambda c, p: None),)}, "a coroutine function of caller and"),  # type: ignore[arg-type, return-value]
        ({"jobs": (JobType(name="a", payload=Tick, run=run_alone),)}, "does not take a caller and a payload"),  # type: ignore[arg-type]
        ({"jobs": (JobType(name="a", payload=Tick, run=run, attempts=0),)}, "attempts is 0; 1 or more"),
        (
            {"jobs": (CLOSE,), "schedules": (Schedule(job="close-dya", every_seconds=60),)},
            "'close-dya', which the vertical does not declare. Did you mean 'close-day'? It declares: close-day",
        ),
        (
            {
                "jobs": (JobType(name="a", payload=Noted, run=run),),
                "schedules": (Schedule(job="a", every_seconds=60),),
            },
            "whose payload Noted cannot be made without arguments",
        ),
        ({"jobs": (CLOSE,), "schedules": (Schedule(job="close-day", every_seconds=0),)}, "runs every 0 seconds"),
        (
            {"jobs": (CLOSE,), "schedules": (Schedule(job="close-day", every_seconds=float("nan")),)},
            "runs every nan seconds",
        ),
        (
            {"jobs": (CLOSE,), "schedules": (Schedule(job="close-day", every_seconds=60),) * 2},
            "the schedule of the job 'close-day' is declared 2 times",
        ),
    ],
)
def test_each_fault_is_told(declared: dict[str, Any], told: str) -> None:
    [cause] = _problems(**declared)
    assert told in cause
