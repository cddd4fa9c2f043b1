"""The process of one run: `python -m podion.lifecycle.child JOB FENCE LIFELINE`; started by the supervisor."""

import logging
import sys

from podion.catalogue.catalogue import load_plugins
from podion.jobs import lifeline
from podion.jobs.child import run_claimed
from podion.lifecycle.runs import KIND, RunHandler
from podion.settings import load_settings
from podion.storage.database import Database
from podion.storage.files import Files


def main(argv: list[str]) -> int:
    """Perform one claimed job; returns the exit status."""
    job, fence, descriptor = argv
    logging.basicConfig(level=logging.INFO, format="%(asctime)s run %(levelname)s %(message)s")
    lifeline.watch(int(descriptor))
    settings = load_settings()
    database = Database(settings.database)
    handler = RunHandler(load_plugins(), database, Files(settings.files), settings)
    run_claimed(database, job, int(fence), {KIND: handler})
    database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
