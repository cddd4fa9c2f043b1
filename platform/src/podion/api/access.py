"""From a key to a caller: who is it, what may the key do, has the tenant enabled the vertical."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from podion.tenancy.remembered import Remembered
from podion.vertical import Vertical

bearer = HTTPBearer(auto_error=False, description="`Authorization: Bearer <key>`")


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a valid key opens: the identity, and each enabled vertical as the tenant set it."""

    identity: Identity
    enabled: Mapping[str, EnablementRow]


class TenantGate:
    """Admits requests by their key, within their tenant's allowance; see `Remembered` for how soon a change is seen."""

    def __init__(self, database: Database, quota: RequestQuota, failed: FailedKeys) -> None:
        self._database = database
        self._quota = quota
        self._failed = failed
        self._remembered: Remembered[Access] = Remembered(database.mark, lambda access: access.identity.tenant)

    async def access(self, request: Request) -> Access:
        """Return what the request's key opens; raises `Unauthenticated`."""
        known = getattr(request.state, "access", None)
        if isinstance(known, Access):
            return known
        presented = _presented(request)
        access = await self._known(request, presented)
        self._quota.spend(access.identity.tenant)
        request.state.place.claim(access.identity.tenant)
        request.state.access = access
        return access

    async def _known(self, request: Request, presented: str) -> Access:
        key = digest(presented)
        try:
            access = await self._remembered.get(key, lambda: self._look_up(presented))
            if access.identity.has_ended():
                self.forget(access.identity.tenant)
                access = await self._remembered.get(key, lambda: self._look_up(presented))
            return access
        except Unauthenticated:
            names = names_of(request, presented)
            self._failed.check(*names)
            self._failed.failed(*names)
            raise

    async def _look_up(self, presented: str) -> Access:
        return await self._database.read(lambda c: _look_up(c, presented))

    async def still(self, request: Request, vertical: Vertical) -> bool:
        """Return whether the key of a request that was admitted a while ago still opens a vertical."""
        try:
            presented = _presented(request)
            access = await self._remembered.get(digest(presented), lambda: self._look_up(presented))
        except Unauthenticated:
            return False
        return not access.identity.has_ended() and vertical.name in access.enabled

    def tenant_of(self, authorization: bytes) -> str | None:
        """Return whose key an `Authorization` header was when it was seen last, None for one that is not remembered."""
        _, _, presented = authorization.decode("latin-1").partition(" ")
        return self._remembered.tenant_of(digest(presented.strip()))

    def forget(self, tenant: str) -> None:
        """See a tenant's keys and verticals anew; to be called after a change to them."""
        self._remembered.forget(tenant)

    async def admit(self, request: Request, scopes: Sequence[str]) -> VerticalCaller:
        """Return the caller of a vertical's route; raises `Unauthenticated`, `NotFound` or `Forbidden`."""
        access = await self.access(request)
        check_scopes(access.identity, scopes)
        return caller_of(request, access, request.state.vertical_declared)


def caller_of(request: Request, access: Access, vertical: Vertical) -> VerticalCaller:
    """Return who calls, at the routes of a vertical."""
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


def check_scopes(identity: Identity, scopes: Iterable[str]) -> None:
    """Raise `Forbidden` for a key that lacks one of the scopes."""
    missing = [scope for scope in scopes if scope not in identity.scopes]
    if missing:
        raise Forbidden(
            f"this key may {', '.join(sorted(identity.scopes)) or 'nothing'}; the route needs {', '.join(missing)}: "
            "use another key, or let an admin key make one"
        )


@dataclass(frozen=True, eq=False)
class Enabled:
    """The dependency that lets only tenants through who enabled a vertical; others see 404."""

    vertical: Vertical

    async def __call__(self, request: Request) -> None:
        """Let a request act in the vertical; raises `Unauthenticated` or `NotFound`."""
        vertical = self.vertical
        request.state.vertical = vertical.name
        request.state.vertical_declared = vertical
        access = await request.app.state.gatekeeper.access(request)
        if vertical.name not in access.enabled:
            raise NotFound(
                f"the vertical {vertical.name} is not enabled: an admin key can PUT /v1/verticals/{vertical.name}"
            )


async def _identity(request: Request) -> Identity:
    access = await request.app.state.gatekeeper.access(request)
    return access.identity  # type: ignore[no-any-return]


async def _admin(request: Request) -> Identity:
    identity = await _identity(request)
    check_scopes(identity, ("admin",))
    return identity


async def _data(request: Request) -> Identity:
    identity = await _identity(request)
    check_scopes(identity, ("data",))
    return identity


async def _predict(request: Request) -> Identity:
    identity = await _identity(request)
    check_scopes(identity, ("predict",))
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
