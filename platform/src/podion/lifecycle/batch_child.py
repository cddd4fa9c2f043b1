"""The process of one bulk job: `python -m podion.lifecycle.batch_child JOB FENCE LIFELINE`."""

import sys

from podion.catalogue.catalogue import Catalogue, load_plugins
from podion.data.masking.policies import Masking
from podion.hosting.bases import InstalledBase, find_base
from podion.hosting.client import EngineClient
from podion.jobs import lifeline
from podion.jobs.child import run_claimed
from podion.jobs.queue import LEASE_SECONDS
from podion.lifecycle.batch_handler import BatchHandler
from podion.lifecycle.batches import KIND
from podion.lifecycle.standings import Standings
from podion.lifecycle.watchers import Watchers
from podion.lifecycle.zero_shot import ZeroShot
from podion.logs import start_log
from podion.settings import Settings, load_settings
from podion.storage import jobs
from podion.storage.database import Database
from podion.storage.files import Files
from podion.tenancy.masking_key import masking_secret


def main(argv: list[str]) -> int:
    """Perform one claimed job; returns the exit status."""
    job, fence, descriptor = argv
    settings = load_settings()
    start_log("batch", settings.log_level)
    lifeline.watch(int(descriptor))
    database = Database(settings.database)
    with database.writing() as c:
        row = jobs.heartbeat(c, job, int(fence), LEASE_SECONDS)
    catalogue = load_plugins(only=row.subject.partition("/")[0] if row else None, seconds=settings.plugin_load_seconds)
    watchers = Watchers(catalogue)
    run_claimed(database, job, int(fence), {KIND: _handler(settings, catalogue, database, watchers)})
    watchers.close()
    database.close()
    return 0


def _handler(settings: Settings, catalogue: Catalogue, database: Database, watchers: Watchers) -> BatchHandler:
    files = Files(settings.files)
    engine = EngineClient(settings.socket)

    def base() -> InstalledBase:
        return find_base(settings.base, settings.bases)

    zero_shot = ZeroShot(database=database, files=files, engine=engine, base=base)
    masking = Masking(masking_secret(settings))
    return BatchHandler(
        catalogue=catalogue,
        database=database,
        files=files,
        settings=settings,
        engine=engine,
        standings=Standings(database=database, files=files, zero_shot=zero_shot, masking=masking),
        watchers=watchers,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
