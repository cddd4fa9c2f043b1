"""What is checked of a vertical's events, jobs and schedules."""

import inspect
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from podion.background import EventType, JobType, Schedule
from podion.catalogue.plugin_record import Problem, describe
from podion.catalogue.suggestions import did_you_mean, listed
from podion.vertical import Vertical

_EVENT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)*")
_JOB = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


def background_problems(vertical: Vertical) -> Iterator[Problem]:
    """Yield what is wrong with what a vertical tells the world, and does when nobody waits."""
    whole = {"events": EventType, "jobs": JobType, "schedules": Schedule}
    for field, kind in whole.items():
        declared: object = getattr(vertical, field)  # a declaration may hold anything
        if not isinstance(declared, tuple) or not all(isinstance(each, kind) for each in declared):
            yield Problem(
                f"its {field} are {declared!r}; a tuple of podion.{kind.__name__} is allowed",
                f"write {field}=(one,)",
            )
            return
    yield from _repeated("event", [event.name for event in vertical.events])
    yield from _repeated("job", [job.name for job in vertical.jobs])
    yield from _repeated("schedule of the job", [schedule.job for schedule in vertical.schedules])
    for event in {event.name: event for event in vertical.events}.values():
        yield from _name_problems("event", event.name, _EVENT, "alert.fired")
        yield from _payload_problems("event", event.name, event.payload)
    for job in {job.name: job for job in vertical.jobs}.values():
        yield from _name_problems("job", job.name, _JOB, "close-day")
        yield from _payload_problems("job", job.name, job.payload)
        yield from _run_problems(job)
    for schedule in {schedule.job: schedule for schedule in vertical.schedules}.values():
        yield from _schedule_problems(vertical, schedule)


def _repeated(kind: str, names: Sequence[str]) -> Iterator[Problem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(f"the {kind} {name!r} is declared {count} times; once is allowed", "leave all but one out")


def _name_problems(kind: str, name: str, form: re.Pattern[str], example: str) -> Iterator[Problem]:
    if not form.fullmatch(name):
        yield Problem(f"{kind} {name!r}: its name is not of the form {example!r}", f"rename the {kind}")


def _payload_problems(kind: str, name: str, payload: object) -> Iterator[Problem]:
    if not (isinstance(payload, type) and issubclass(payload, BaseModel)):
        yield Problem(
            f"{kind} {name!r}: its payload is {payload!r}; a pydantic model is allowed", "give the model's class"
        )


def _run_problems(job: JobType) -> Iterator[Problem]:
    run: Any = job.run
    if not inspect.iscoroutinefunction(run):
        yield Problem(
            f"job {job.name!r}: it runs {run!r}; a coroutine function of caller and payload is allowed",
            "write `async def run(caller, payload) -> None:`",
        )
    else:
        try:
            inspect.signature(run).bind(None, None)
        except TypeError:
            yield Problem(
                f"job {job.name!r}: {run.__name__} does not take a caller and a payload",
                "write `async def run(caller, payload) -> None:`",
            )
    if job.attempts < 1:
        yield Problem(f"job {job.name!r}: attempts is {job.attempts}; 1 or more are allowed", "give it an attempt")


def _schedule_problems(vertical: Vertical, schedule: Schedule) -> Iterator[Problem]:
    job = vertical.job(schedule.job)
    if job is None:
        known = [each.name for each in vertical.jobs]
        yield Problem(
            f"a schedule runs the job {schedule.job!r}, which the vertical does not declare."
            f"{did_you_mean(schedule.job, known)} It declares: {listed(known)}",
            "declare the job in `jobs`, or leave the schedule out",
        )
        return
    if not (math.isfinite(schedule.every_seconds) and schedule.every_seconds > 0):
        yield Problem(
            f"the schedule of {schedule.job!r} runs every {schedule.every_seconds} seconds; more than 0 are allowed",
            "set every_seconds",
        )
    if isinstance(job.payload, type) and issubclass(job.payload, BaseModel):
        try:
            job.payload()
        except Exception as error:
            yield Problem(
                f"a schedule runs the job {job.name!r}, whose payload {job.payload.__name__} cannot be made without "
                f"arguments: {describe(error)}",
                f"give each field of {job.payload.__name__} a default",
            )
