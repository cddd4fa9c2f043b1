"""The installation's secret for pseudonyms: a setting, or a file that is written at first need."""

import secrets
from hashlib import sha256

from podion.errors import BadSettings
from podion.settings import Settings
from podion.tenancy.secret_files import secret_in

_FILE = "masking.key"
_SHORTEST = 16


def masking_secret(settings: Settings) -> bytes:
    """Return the secret that tenants' pseudonyms are made under: `PODION_MASKING_KEY`, else `<home>/masking.key`.

    Machines that share a database share the setting. Raises `BadSettings` for a key under 16 characters and for a file
    that others on the machine can read. Without it equal values get new pseudonyms; nothing that is kept is lost.
    """
    if settings.masking_key is not None:
        key, source = settings.masking_key.get_secret_value(), "PODION_MASKING_KEY"
    else:
        path = settings.home / _FILE
        key, source = secret_in(path, secrets.token_urlsafe(32)), str(path)
    if len(key) < _SHORTEST:
        raise BadSettings(f"{source} holds {len(key)} characters: a masking key has {_SHORTEST} or more.")
    return sha256(key.encode("utf-8", "surrogatepass")).digest()
