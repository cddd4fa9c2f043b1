"""How an organisation becomes a tenant."""

import re
from collections.abc import Iterable

from podion.errors import Conflict, DataError
from podion.storage import tenants as rows
from podion.storage.database import Connection
from podion.storage.ids import new_id
from podion.storage.keys import KeyRow
from podion.storage.tenants import TenantRow
from podion.tenancy import keys
from podion.tenancy.keys import Plaintext
from podion.vertical import SCOPES

_NAME = re.compile(r"[a-z0-9-]{1,63}", re.ASCII)


def create(connection: Connection, name: str, scopes: Iterable[str] = SCOPES) -> tuple[TenantRow, KeyRow, Plaintext]:
    """Return a new tenant, its first key and the key's plaintext, which nobody sees again.

    Raises `DataError` for a name that is not 1 to 63 of `a-z0-9-`, and `Conflict` for one that is taken.
    """
    if not _NAME.fullmatch(name):
        raise DataError(
            f"{name[:80]!r} is no name for a tenant: use 1 to 63 small letters, digits and dashes.", code="bad_name"
        )
    if rows.by_name(connection, name) is not None:
        raise Conflict(f"A tenant named {name!r} exists: choose another name.", code="name_taken")
    tenant = TenantRow(id=new_id("ten"), name=name)
    rows.insert(connection, tenant)
    return tenant, *keys.issue(connection, tenant.id, scopes, label="first key")
