"""From a key to a caller: who is it, what may the key do, has the tenant enabled the vertical."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from sqlalchemy import Connection

from podion.answers import Prediction
from podion.api.metrics import Metrics
from podion.api.quota import RequestQuota
from podion.api.services import services_of
from podion.caller import admit
from podion.errors import Forbidden, NotBuilt, NotFound, Unauthenticated
from podion.lifecycle.predictor import Predictor
from podion.storage import enablements, tenants
from podion.storage.database import Database
from podion.tenancy.keys import Identity, authenticate, digest
from podion.tenancy.operator import is_operator
from podion.vertical import Task, Vertical, config_defaults

REMEMBERED_SECONDS = 0.5
"""A revoked key, or a disabled vertical, is refused by every worker within this time."""

_MOST_REMEMBERED = 10_000

bearer = HTTPBearer(auto_error=False, description="`Authorization: Bearer <key>`")


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a valid key opens: the identity, and each enabled vertical with its configuration."""

    identity: Identity
    enabled: Mapping[str, Mapping[str, Any]]


class TenantGate:
    """Admits requests by their key, within their tenant's allowance; remembers a key for half a second."""

    def __init__(self, database: Database, quota: RequestQuota) -> None:
        self._database = database
        self._quota = quota
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
            access = await self._database.read(lambda c: _look_up(c, presented))
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = (time.monotonic() + REMEMBERED_SECONDS, access)
        self._quota.spend(access.identity.tenant)
        request.state.access = access
        return access

    def forget(self, tenant: str) -> None:
        """Drop what is remembered of a tenant, after a change to its keys or verticals."""
        kept = {k: v for k, v in self._remembered.items() if v[1].identity.tenant != tenant}
        self._remembered = kept

    async def admit(self, request: Request, scopes: Sequence[str]) -> "VerticalCaller":
        """Return the caller of a vertical's route; raises `Unauthenticated`, `NotFound` or `Forbidden`."""
        access = await self.access(request)
        vertical = request.state.vertical_declared
        _check_scopes(access.identity, scopes)
        services = services_of(request)
        return VerticalCaller(access, vertical, services.predictor, services.metrics)


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
    return Access(identity=identity, enabled={row.vertical: row.config for row in rows})


def _check_scopes(identity: Identity, scopes: Sequence[str]) -> None:
    missing = [scope for scope in scopes if scope not in identity.scopes]
    if missing:
        raise Forbidden(
            f"this key may {', '.join(sorted(identity.scopes)) or 'nothing'}; the route needs {', '.join(missing)}: "
            "use another key, or let an admin key make one"
        )


class VerticalCaller:
    """A tenant at the routes of one vertical; see `podion.caller.TenantCaller`."""

    def __init__(self, access: Access, vertical: Vertical, predictor: Predictor, metrics: Metrics) -> None:
        self._access = access
        self._vertical = vertical
        self._predictor = predictor
        self._metrics = metrics

    @property
    def tenant(self) -> str:
        """The opaque id of the tenant."""
        return self._access.identity.tenant

    @property
    def key(self) -> str:
        """The id of the key, for the audit; plugins do not see it (it is not part of the protocol)."""
        return self._access.identity.key

    @property
    def config(self) -> Mapping[str, Any]:
        """What the tenant set, over the vertical's defaults."""
        return {**config_defaults(self._vertical), **self._access.enabled.get(self._vertical.name, {})}

    async def predict(self, task: Task, records: Sequence[BaseModel]) -> Prediction[Any]:
        """Return one answer a record by the tenant's live adapter."""
        prediction = await self._predictor.predict(self.tenant, self._vertical, task, records)
        self._metrics.predictions.labels(prediction.task).inc(len(prediction.answers))
        return prediction

    def __getattr__(self, name: str) -> Any:
        if name in ("search", "store", "emit", "enqueue"):
            raise NotBuilt(f"Caller.{name} is not in this version of podion: see CHANGELOG.md")
        raise AttributeError(name)


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


async def _operator(request: Request) -> str:
    if not is_operator(services_of(request).operator_key, _presented(request)):
        raise Unauthenticated("not the operator's key: it is PODION_OPERATOR_KEY, or stands in the state folder")
    return "operator"


HostCaller = Annotated[VerticalCaller, Security(admit)]
AnyKey = Annotated[Identity, Depends(_identity)]
AdminKey = Annotated[Identity, Depends(_admin)]
Operator = Annotated[str, Depends(_operator)]

GUARDS: frozenset[Callable[..., Any]] = frozenset({_identity, _admin, _operator, admit})
"""The dependencies that ask for a key."""
