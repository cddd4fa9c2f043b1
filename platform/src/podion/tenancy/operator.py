"""The operator's credential: a setting, or a file that is written at first start."""

import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from podion.errors import BadSettings
from podion.settings import Settings

_FILE = "operator.key"
_SHORTEST = 16


def operator_key(settings: Settings) -> str:
    """Return the operator's key: `PODION_OPERATOR_KEY`, else what `<home>/operator.key` holds, made at first need.

    Processes that start at once get the same key. Raises `BadSettings` for a key under 16 characters and for a file
    that others on the machine can read.
    """
    if settings.operator_key is not None:
        return _long_enough(settings.operator_key.get_secret_value(), "PODION_OPERATOR_KEY")
    path = settings.home / _FILE
    if not path.exists():
        _write_once(path, f"pod_operator_{secrets.token_urlsafe(32)}")
    if path.stat().st_mode & 0o077:
        raise BadSettings(f"{path} can be read by others: run `chmod 600 {path}`, or delete it to get a new key.")
    return _long_enough(path.read_text("utf-8").strip(), str(path))


def is_operator(settings_key: str, presented: str) -> bool:
    """Return whether the presented key is the operator's, in a time that tells nothing of it."""
    ours, theirs = (sha256(key.encode("utf-8", "surrogatepass")).digest() for key in (settings_key, presented))
    return hmac.compare_digest(ours, theirs)


def _long_enough(key: str, source: str) -> str:
    if len(key) < _SHORTEST:
        raise BadSettings(f"{source} holds {len(key)} characters: an operator's key has {_SHORTEST} or more.")
    return key


def _write_once(path: Path, key: str) -> None:
    """Write the key unless another process was first; the name appears with its content, on the disk, or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{_FILE}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(key + "\n")
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
