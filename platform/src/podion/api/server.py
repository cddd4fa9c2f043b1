"""The API process: `python -m podion.api.server LIFELINE`; started by the supervisor."""

import gc
import sys
from functools import partial

import uvicorn

from podion.api.app import create_app
from podion.api.connections import BoundedConnection
from podion.catalogue.catalogue import load_plugins
from podion.catalogue.head_paths import check_in_child
from podion.catalogue.probe import probe_in_child
from podion.jobs import lifeline
from podion.logs import start_log
from podion.settings import load_settings


def main(argv: list[str]) -> int:
    """Serve until SIGTERM; requests under way are answered first."""
    settings = load_settings()
    start_log("api", settings.log_level)
    if argv:
        lifeline.watch(int(argv[0]))
    catalogue = load_plugins(
        strict=settings.strict_plugins,
        check_heads=partial(check_in_child, seconds=settings.plugin_load_seconds),
        probe=probe_in_child,
        seconds=settings.plugin_load_seconds,
    )
    app = create_app(settings, catalogue)
    # What the start has made stays for good: the garbage collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        http=BoundedConnection,
        ws="none",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=10,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
