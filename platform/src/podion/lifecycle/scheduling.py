"""Jobs that run by themselves, every so many seconds, for each tenant that uses their vertical."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Connection

from podion.background import Schedule
from podion.lifecycle.job_queue import declared_job
from podion.storage import background_jobs, ticks
from podion.storage.clock import now
from podion.storage.database import Database
from podion.vertical import Vertical

MOST_AT_ONCE = 100
"""Tenants whose jobs are added in one transaction."""


class Schedules:
    """The schedules of every vertical. A turn that was missed is not made up for; a job that waits is not doubled."""

    def __init__(self, database: Database, verticals: Iterable[Vertical]) -> None:
        self._database = database
        self._all = [(vertical, schedule) for vertical in verticals for schedule in vertical.schedules]

    async def tick(self) -> int:
        """Add the jobs whose turn has come; return how many tenants' turns those were."""
        if not self._all:
            return 0
        due = await self._database.read(self._due)
        return sum([await self._add(*each) for each in due])

    def _due(self, c: Connection) -> list[tuple[Vertical, Schedule]]:
        return [each for each in self._all if ticks.due(c, each[0].name, each[1].job, 1)]

    async def _add(self, vertical: Vertical, schedule: Schedule) -> int:
        job = declared_job(vertical, schedule.job)
        payload = job.payload().model_dump(mode="json")
        every = timedelta(seconds=schedule.every_seconds)

        def write(c: Connection) -> int:
            # Asked again here: of several servers that saw the turn, the first one takes it.
            found = ticks.due(c, vertical.name, job.name, MOST_AT_ONCE)
            for tenant in found:
                background_jobs.add_once(
                    c, tenant, f"{vertical.name}/{job.name}", payload, due_at=now(), max_attempts=job.attempts
                )
                ticks.set_next(c, tenant, vertical.name, job.name, now() + every)
            return len(found)

        return await self._database.append(write)
