"""`podion serve` and `podion demo`."""

from pathlib import Path
from typing import Annotated

import typer

from podion.cli.output import Json, say, show, told


def serve(
    host: Annotated[str | None, typer.Option(help="default: PODION_HOST or 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="default: PODION_PORT or 8000")] = None,
) -> None:
    """Serve the API, the engine and the runs until SIGTERM."""
    from podion.cli.supervisor import Supervisor, sole_server
    from podion.hosting.bases import find_base
    from podion.logs import start_log
    from podion.settings import load_settings
    from podion.tenancy.operator import operator_key

    with told():
        settings = load_settings()
        start_log("supervisor", settings.log_level)
        changes = {"host": host, "port": port}
        settings = settings.model_copy(update={k: v for k, v in changes.items() if v is not None})
        find_base(settings.base, settings.bases)
        with sole_server(settings):
            operator_key(settings)
            say(f"podion · http://{settings.host}:{settings.port} · docs at /docs · state in {settings.home}")
            if settings.operator_key is None:
                say(f"operator key: {settings.home / 'operator.key'}")
            Supervisor(settings).run()


def demo(
    vertical: Annotated[list[str] | None, typer.Option(help="verticals to show; default: all that can be")] = None,
    data: Annotated[Path | None, typer.Option(help="folder with public data sets; default: PODION_DATA")] = None,
    as_json: Json = False,
) -> None:
    """Tell the whole story of a tenant over real HTTP on loopback."""
    from podion.cli.story import tell
    from podion.settings import load_settings

    with told():
        settings = load_settings()
        result = tell(settings, tuple(vertical or ()), data or settings.data)
    show(result.facts, as_json=as_json, lines=result.lines)
