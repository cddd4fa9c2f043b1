"""The API process: `python -m podion.api.server LIFELINE`; started by the supervisor."""

import logging
import sys

import uvicorn

from podion.api.app import create_app
from podion.catalogue.catalogue import load_plugins
from podion.catalogue.head_paths import check_in_child
from podion.jobs import lifeline
from podion.settings import load_settings


def main(argv: list[str]) -> int:
    """Serve until SIGTERM; requests under way are answered first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s api %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if argv:
        lifeline.watch(int(argv[0]))
    settings = load_settings()
    catalogue = load_plugins(strict=settings.strict_plugins, check_heads=check_in_child)
    app = create_app(settings, catalogue)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
