"""Secrets in the state folder: files that are written once, whole, and that nobody else on the machine can read."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from podion.errors import BadSettings


def secret_in(path: Path, fresh: str) -> str:
    """Return what the file holds; where there is none it is made and holds `fresh`.

    Processes that start at once get the same secret. Raises `BadSettings` for a file that others can read.
    """
    if not path.exists():
        _write_once(path, fresh)
    if path.stat().st_mode & 0o077:
        raise BadSettings(f"{path} can be read by others: run `chmod 600 {path}`, or delete it to get a new key.")
    return path.read_text("utf-8").strip()


def _write_once(path: Path, secret: str) -> None:
    """Write it unless another process was first; the name appears with its content, on the disk, or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
