"""The process that runs are forked from: `python -m podion.lifecycle.nursery CONNECTION`; started by the supervisor.

It has imported what every run needs, the most of which is torch: half of the time of a small run.
"""

import os
import sys

from setproctitle import setproctitle

from podion.jobs import nursery
from podion.lifecycle import child


def main(argv: list[str]) -> int:
    """Fork a process for each run asked for; returns the exit status."""
    import podion.finetuning.fit  # noqa: F401  loaded once, for all of them

    nursery.serve(int(argv[0]), _run)
    return 0


def _run(words: list[str]) -> int:
    os.environ["SPT_NOENV"] = "1"  # the title takes the place of the command's words alone, not of `ps e`
    setproctitle(f"podion.lifecycle.child {words[0]}")
    return child.main(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
