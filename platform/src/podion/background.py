"""What a vertical tells the world and does when nobody waits: events, jobs, schedules. Frozen values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from podion.caller import TenantCaller


@dataclass(frozen=True, kw_only=True)
class EventType:
    """Something that a vertical tells a tenant's webhooks and streams: `alert.fired`, with a schema of its payload.

    `name` is in the past tense, dots between its words; with the vertical's name before it, it is the `type` of the
    message that goes out (Standard Webhooks).
    """

    name: str
    payload: type[BaseModel]
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class JobType:
    """Work that a route leaves for later: durable, tried again when it fails, one at a time for a tenant and name.

    `run` is a coroutine function of the caller and the payload. It may be run again after a crash, so what it does
    twice must be as good as once. It shares the server with everybody: it awaits, and never computes for long.
    """

    name: str
    payload: type[BaseModel]
    run: Callable[[TenantCaller, Any], Awaitable[None]]
    attempts: int = 5


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A job that the platform enqueues by itself, every so many seconds, for each tenant that uses the vertical.

    The payload is the job's schema without any field set. A run that is late is not made up for.
    """

    job: str
    every_seconds: float
