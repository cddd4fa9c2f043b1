"""`podion plugins …` and `podion doctor`."""

import shutil
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podion.cli.output import Json, show, told

if TYPE_CHECKING:
    from podion.catalogue.catalogue import Catalogue
    from podion.settings import Settings

app = typer.Typer(help="List plugins; write a new one.", no_args_is_help=True)

_LITTLE_SPACE = 2 << 30


@app.command("list")
def list_plugins(as_json: Json = False) -> None:
    """List the plugins that are installed, and what is wrong with those that are quarantined."""
    with told():
        catalogue = _load()
    lines = []
    for record in catalogue.plugins:
        lines.append(f"{record.name:<22} {record.distribution} {record.version:<8} {record.state}")
        if record.error:
            lines.append(f"    while it was {record.phase}: {record.error}")
        if record.hint:
            lines.append(f"    {record.hint}")
    show(
        {"data": [asdict(record) for record in catalogue.plugins]},
        as_json=as_json,
        lines=lines or ["no plugins: install one, for example podion-customer-service"],
    )


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="the vertical's name, for example it_help")],
    folder: Annotated[Path, typer.Option("--dir", help="the folder to write podion-<name> into")] = Path(),
    as_json: Json = False,
) -> None:
    """Write a new plugin that installs, passes the kit and answers."""
    from podion.cli.new_plugin import write_plugin

    with told():
        written = write_plugin(name, folder)
    lines = [f"wrote {written.folder}", *(f"  {file}" for file in written.files), "next:"]
    show(
        {
            "name": written.name,
            "folder": str(written.folder),
            "files": list(written.files),
            "next": list(written.commands),
        },
        as_json=as_json,
        lines=[*lines, *(f"  {command}" for command in written.commands)],
    )


def doctor(as_json: Json = False) -> None:
    """Say what is well, what is not, and what to do; exit status 1 when something is not."""
    from podion.settings import load_settings

    with told():
        settings = load_settings()
        checks = [
            _check_home(settings),
            _check_space(settings),
            _check_base(settings),
            _check_database(settings),
            _check_faiss(),
            *_check_plugins(_load()),
            _check_server(settings),
        ]
    lines = [
        f"{'✓' if c['well'] else '✗'} {c['what']:<10} {c['seen']}" + (f" → {c['do']}" if c["do"] else "")
        for c in checks
    ]
    well = all(c["well"] for c in checks)
    show({"well": well, "checks": checks}, as_json=as_json, lines=lines)
    raise typer.Exit(0 if well else 1)


def _load() -> "Catalogue":
    from podion.catalogue.catalogue import load_plugins
    from podion.catalogue.head_paths import check_in_child
    from podion.catalogue.probe import probe_in_child
    from podion.settings import load_settings

    seconds = load_settings().plugin_load_seconds
    return load_plugins(check_heads=partial(check_in_child, seconds=seconds), probe=probe_in_child, seconds=seconds)


def _result(what: str, well: bool, seen: str, do: str = "") -> dict[str, Any]:
    return {"what": what, "well": well, "seen": seen, "do": "" if well else do}


def _check_home(settings: "Settings") -> dict[str, Any]:
    settings.home.mkdir(parents=True, exist_ok=True)
    probe = settings.home / ".writable"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        return _result("state", False, f"{settings.home}: {error.strerror}", "make it writable, or set PODION_HOME")
    return _result("state", True, str(settings.home))


def _check_space(settings: "Settings") -> dict[str, Any]:
    free = shutil.disk_usage(settings.home).free
    return _result(
        "disk", free > _LITTLE_SPACE, f"{free / 2**30:.1f} GiB free", "make room: writes answer 507 when full"
    )


def _check_base(settings: "Settings") -> dict[str, Any]:
    from podion.errors import PodionError
    from podion.hosting.bases import find_base

    try:
        base = find_base(settings.base, settings.bases)
    except PodionError as error:
        return _result("base", False, error.detail, f"podion bases install {settings.base}")
    return _result("base", True, f"{base.name} {base.fingerprint}")


def _check_database(settings: "Settings") -> dict[str, Any]:
    from podion.cli.state import opened
    from podion.storage import tenants

    with opened() as database, database.reading() as c:
        some = len(tenants.page(c, None, 200))
    kind = settings.database.partition(":")[0]
    return _result("database", True, f"{kind}, migrated, {some}{'+' if some == 200 else ''} tenants")


def _check_faiss() -> dict[str, Any]:
    from importlib.metadata import distributions

    names = {dist.metadata["Name"] for dist in distributions()}
    found = sorted(name for name in names if name and name.startswith("faiss"))
    return _result(
        "faiss",
        len(found) == 1,
        ", ".join(found) or "none",
        "exactly one may be installed: remove them all, then install podion again",
    )


def _check_plugins(catalogue: "Catalogue") -> list[dict[str, Any]]:
    return [
        _result(
            "plugin",
            record.state == "ready",
            f"{record.name} {record.version}" + (f": {record.error}" if record.error else ""),
            record.hint or "podion plugins list",
        )
        for record in catalogue.plugins
    ]


def _check_server(settings: "Settings") -> dict[str, Any]:
    import httpx

    url = f"http://{settings.host}:{settings.port}"
    try:
        answer = httpx.get(f"{url}/readyz", timeout=2)
    except httpx.HTTPError:
        return _result("server", True, f"not running on {url}")
    return _result(
        "server",
        answer.status_code == 200,
        f"{url}: {answer.json().get('status', answer.status_code)}",
        "see its log: podion serve prints it",
    )
