"""What the process of one run does, forked for it by `podion.lifecycle.nursery`."""

from podion.catalogue.catalogue import load_plugins
from podion.jobs import lifeline
from podion.jobs.child import run_claimed
from podion.jobs.queue import LEASE_SECONDS
from podion.lifecycle.runs import KIND, RunHandler
from podion.logs import start_log
from podion.settings import load_settings
from podion.storage import jobs
from podion.storage.database import Database
from podion.storage.files import Files


def main(argv: list[str]) -> int:
    """Perform one claimed job, given as job, fence and the lifeline's descriptor; returns the exit status."""
    job, fence, descriptor = argv
    settings = load_settings()
    start_log("run", settings.log_level)
    lifeline.watch(int(descriptor))
    database = Database(settings.database)
    catalogue = load_plugins(only=_vertical_of(database, job, int(fence)), seconds=settings.plugin_load_seconds)
    handler = RunHandler(catalogue, database, Files(settings.files), settings)
    run_claimed(database, job, int(fence), {KIND: handler})
    database.close()
    return 0


def _vertical_of(database: Database, job: str, fence: int) -> str | None:
    """Return the vertical whose run this is, so that no other plugin is imported for it; None when it is not ours."""
    with database.writing() as c:
        row = jobs.heartbeat(c, job, fence, LEASE_SECONDS)
    return row.subject.partition("/")[0] if row else None
