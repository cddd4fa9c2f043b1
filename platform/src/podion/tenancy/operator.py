"""The operator's credential: a setting, or a file that is written at first start."""

import hmac
import secrets
from hashlib import sha256

from podion.errors import BadSettings
from podion.settings import Settings
from podion.tenancy.secret_files import secret_in

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
    return _long_enough(secret_in(path, f"pod_operator_{secrets.token_urlsafe(32)}"), str(path))


def is_operator(settings_key: str, presented: str) -> bool:
    """Return whether the presented key is the operator's, in a time that tells nothing of it."""
    ours, theirs = (sha256(key.encode("utf-8", "surrogatepass")).digest() for key in (settings_key, presented))
    return hmac.compare_digest(ours, theirs)


def _long_enough(key: str, source: str) -> str:
    if len(key) < _SHORTEST:
        raise BadSettings(f"{source} holds {len(key)} characters: an operator's key has {_SHORTEST} or more.")
    return key
