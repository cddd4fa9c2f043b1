"""From a key to a caller: who is it, what may the key do, has the tenant enabled the vertical."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from sqlalchemy import Connection

from podion.api.failed_keys import FailedKeys, address, names_of
from podion.api.quota import RequestQuota
from podion.api.replays import id_maker
from podion.api.services import services_of
from podion.api.vertical_caller import VerticalCaller
from podion.caller import admit
from podion.errors import Forbidden, NotFound, Unauthenticated
from podion.storage import enablements, tenants
from podion.storage.database import Database
from podion.storage.enablements import EnablementRow
from podion.tenancy.keys import Identity, authenticate, digest
from podion.tenancy.operator import is_operator
from podion.vertical import Vertical

REMEMBERED_SECONDS = 0.5
"""A revoked key, or a disabled vertical, is refused by every worker within this time."""

_MOST_REMEMBERED = 10_000

bearer = HTTPBearer(auto_error=False, description="`Authorization: Bearer <key>`")


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a valid key opens: the identity, and each enabled vertical as the tenant set it."""

    identity: Identity
    enabled: Mapping[str, EnablementRow]


class TenantGate:
    """Admits requests by their key, within their tenant's allowance; remembers a key for half a second."""

    def __init__(self, database: Database, quota: RequestQuota, failed: FailedKeys) -> None:
        self._database = database
        self._quota = quota
        self._failed = failed
        self._remembered: dict[str, tuple[float, Access]] = {}

    async def access(self, request: Request) -> Access:
        """Return what the request's key opens; raises `Unauthenticated`."""
        known = getattr(request.state, "access", None)
        if isinstance(known, Access):
            return known
        presented = _presented(request)
        key = digest(presented)
        until, access = self._remembered.get(key, (0.0, None))
        if access is None or until < time.monotonic():
            access = await self._known(request, presented)
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = (time.monotonic() + REMEMBERED_SECONDS, access)
        self._quota.spend(access.identity.tenant)
        request.state.place.claim(access.identity.tenant)
        request.state.access = access
        return access

    async def _known(self, request: Request, presented: str) -> Access:
        try:
            return await self._database.read(lambda c: _look_up(c, presented))
        except Unauthenticated:
            names = names_of(request, presented)
            self._failed.check(*names)
            self._failed.failed(*names)
            raise

    def forget(self, tenant: str) -> None:
        """Drop what is remembered of a tenant, after a change to its keys or verticals."""
        kept = {k: v for k, v in self._remembered.items() if v[1].identity.tenant != tenant}
        self._remembered = kept

    async def admit(self, request: Request, scopes: Sequence[str]) -> VerticalCaller:
        """Return the caller of a vertical's route; raises `Unauthenticated`, `NotFound` or `Forbidden`."""
        access = await self.access(request)
        vertical = request.state.vertical_declared
        _check_scopes(access.identity, scopes)
        return VerticalCaller(
            identity=access.identity,
            enablement=access.enabled.get(vertical.name),
            vertical=vertical,
            services=services_of(request),
            new_id=id_maker(request),
        )


def _presented(request: Request) -> str:
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not presented.strip():
        raise Unauthenticated("no key: send it as `Authorization: Bearer <key>`")
    return presented.strip()


def _look_up(c: Connection, presented: str) -> Access:
    identity = authenticate(c, presented)
    tenant = tenants.get(c, identity.tenant)
    if tenant is None or tenant.disabled_at is not None:
        raise Unauthenticated("the key's tenant is disabled: ask the operator")
    rows = enablements.page(c, identity.tenant)
    return Access(identity=identity, enabled={row.vertical: row for row in rows})


def _check_scopes(identity: Identity, scopes: Sequence[str]) -> None:
    missing = [scope for scope in scopes if scope not in identity.scopes]
    if missing:
        raise Forbidden(
            f"this key may {', '.join(sorted(identity.scopes)) or 'nothing'}; the route needs {', '.join(missing)}: "
            "use another key, or let an admin key make one"
        )


def enabled(vertical: Vertical) -> Any:
    """Return the dependency that lets only tenants through who enabled `vertical`; others see 404."""

    async def gate(request: Request) -> None:
        request.state.vertical = vertical.name
        request.state.vertical_declared = vertical
        access = await request.app.state.gatekeeper.access(request)
        if vertical.name not in access.enabled:
            raise NotFound(
                f"the vertical {vertical.name} is not enabled: an admin key can PUT /v1/verticals/{vertical.name}"
            )

    return Depends(gate)


async def _identity(request: Request) -> Identity:
    access = await request.app.state.gatekeeper.access(request)
    return access.identity  # type: ignore[no-any-return]


async def _admin(request: Request) -> Identity:
    identity = await _identity(request)
    _check_scopes(identity, ("admin",))
    return identity


async def _data(request: Request) -> Identity:
    identity = await _identity(request)
    _check_scopes(identity, ("data",))
    return identity


async def _predict(request: Request) -> Identity:
    identity = await _identity(request)
    _check_scopes(identity, ("predict",))
    return identity


async def _operator(request: Request) -> str:
    failed: FailedKeys = request.app.state.failed_keys
    client = f"operator key from {address(request)}"
    presented = _presented(request)
    failed.check(client)
    if not is_operator(services_of(request).operator_key, presented):
        failed.failed(client)
        raise Unauthenticated("not the operator's key: it is PODION_OPERATOR_KEY, or stands in the state folder")
    return "operator"


HostCaller = Annotated[VerticalCaller, Security(admit)]
AnyKey = Annotated[Identity, Depends(_identity)]
AdminKey = Annotated[Identity, Depends(_admin)]
DataKey = Annotated[Identity, Depends(_data)]
PredictKey = Annotated[Identity, Depends(_predict)]
Operator = Annotated[str, Depends(_operator)]

GUARDS: frozenset[Callable[..., Any]] = frozenset({_identity, _admin, _data, _predict, _operator, admit})
"""The dependencies that ask for a key."""
