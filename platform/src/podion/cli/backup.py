"""`podion backup | restore`: all state in one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from podion.cli.output import Bar, Json, show, told

_SECRETS = ("masking.key",)
"""Files of the state folder without which later pseudonyms differ from the restored. An operator's key is made anew."""


def backup(
    file: Annotated[Path, typer.Argument(help="where to write: a file that does not exist yet")], as_json: Json = False
) -> None:
    """Write all state to one file, while the server runs or not."""
    from podion.settings import load_settings
    from podion.storage.backup import facts, write_backup
    from podion.storage.database import Database
    from podion.storage.files import Files

    bar = Bar()
    with told():
        settings = load_settings()
        database = Database(settings.database)
        try:
            database.prepare()
            secrets = {name: settings.home / name for name in _SECRETS if (settings.home / name).is_file()}
            made = write_backup(database, Files(settings.files), file.absolute(), secrets=secrets, progress=bar.update)
        finally:
            bar.close()
            database.close()
    rows = sum(made.rows.values())
    lines = [f"{file}: {rows} rows, {made.files} files, {made.bytes / 1e6:.1f} MB, {made.seconds:.1f} s"]
    lines += [f"not there, so not in it: {name}" for name in made.missing]
    show(facts(made), as_json=as_json, lines=lines)


def restore(file: Annotated[Path, typer.Argument(help="a backup")], as_json: Json = False) -> None:
    """Read a backup into an empty installation; no server may run on it."""
    from podion.cli.supervisor import sole_server
    from podion.settings import load_settings
    from podion.storage.backup import facts
    from podion.storage.database import Database
    from podion.storage.files import Files
    from podion.storage.restore import read_backup

    bar = Bar()
    with told():
        settings = load_settings()
        with sole_server(settings):
            database = Database(settings.database)
            try:
                made = read_backup(
                    database, Files(settings.files), file.absolute(), secrets=settings.home, progress=bar.update
                )
            finally:
                bar.close()
                database.close()
    rows = sum(made.rows.values())
    lines = [f"{file}: {rows} rows and {made.files} files are back, {made.seconds:.1f} s"]
    show(facts(made), as_json=as_json, lines=lines)
