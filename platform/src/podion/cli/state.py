"""`podion migrate`, and the database that other commands open."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from podion.cli import backup
from podion.cli.output import Json, show, told

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from podion.storage.database import Database
    from podion.storage.tenants import TenantRow


@contextmanager
def opened() -> "Iterator[Database]":
    """Open this installation's database, migrated."""
    from podion.settings import load_settings
    from podion.storage.database import Database

    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        database.migrate()
        yield database
    finally:
        database.close()


def named(c: "Connection", name: str) -> "TenantRow":
    """Return the tenant of that name; raises `NotFound`."""
    from podion.errors import NotFound
    from podion.storage import tenants

    row = tenants.by_name(c, name)
    if row is None:
        raise NotFound(f"no tenant {name!r}: podion tenant list shows those there are")
    return row


def migrate(as_json: Json = False) -> None:
    """Bring the database to this version's schema."""
    with told(), opened():
        show({"migrated": True}, as_json=as_json, lines=["the database is up to date"])


def add(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("migrate")(migrate)
    app.command("backup")(backup.backup)
    app.command("restore")(backup.restore)
