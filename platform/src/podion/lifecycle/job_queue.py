"""How a vertical leaves a job for later."""

import math
from datetime import timedelta

from pydantic import BaseModel

from podion.background import JobType
from podion.errors import TooLarge
from podion.lifecycle.bell import Bell
from podion.storage import background_jobs
from podion.storage.clock import now
from podion.storage.database import Database
from podion.storage.jobs import JobRow
from podion.vertical import Vertical

MOST_BYTES = 256 << 10
MOST_DELAY = timedelta(days=366)


class JobQueue:
    """Takes jobs of any tenant; `bell` rings when there is one. One that waits is not doubled."""

    def __init__(self, database: Database) -> None:
        self.bell = Bell()
        self._database = database

    async def enqueue(
        self, tenant: str, vertical: Vertical, job: str, payload: BaseModel, delay_seconds: float = 0
    ) -> JobRow:
        """Return a job, or the equal one that waits, once it is on the disk.

        Raises `ValueError` for a job that the vertical does not declare or a delay that is none, `TypeError` for
        another payload than the job's, and `TooLarge` above 256 KiB of JSON.
        """
        declared = declared_job(vertical, job)
        if not isinstance(payload, declared.payload):
            wanted = declared.payload.__name__
            raise TypeError(f"{vertical.name}/{job} takes {wanted}, not {type(payload).__name__}")
        if not (math.isfinite(delay_seconds) and 0 <= delay_seconds <= MOST_DELAY.total_seconds()):
            raise ValueError(f"delay_seconds is {delay_seconds}: 0 to {MOST_DELAY.total_seconds():.0f} are allowed")
        if len(payload.model_dump_json().encode("utf-8", "surrogatepass")) > MOST_BYTES:
            raise TooLarge(
                f"the payload of {vertical.name}/{job} is larger than {MOST_BYTES >> 10} KiB: keep it in the store"
            )
        kept = payload.model_dump(mode="json")
        due_at = now() + timedelta(seconds=delay_seconds)
        row = await self._database.append(
            lambda c: background_jobs.add_once(
                c, tenant, f"{vertical.name}/{job}", kept, due_at=due_at, max_attempts=declared.attempts
            )
        )
        self.bell.ring()
        return row


def declared_job(vertical: Vertical, name: str) -> JobType:
    """Return a vertical's job; raises `ValueError` for one that it does not declare."""
    job = vertical.job(name)
    if job is None:
        known = ", ".join(each.name for each in vertical.jobs) or "none"
        raise ValueError(f"{vertical.name} declares no job {name!r} (declared: {known})")
    return job
