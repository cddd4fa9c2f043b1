"""Who calls, and what a plugin's route may do for that tenant."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol, cast

from fastapi import Request, Security
from fastapi.params import Security as SecurityParameter
from fastapi.security import SecurityScopes
from pydantic import BaseModel

from podion.answers import Prediction
from podion.vertical import Scope, Task


class TenantCaller(Protocol):
    """The tenant behind a request. A plugin never sees a key, a table, a device or a path."""

    @property
    def tenant(self) -> str:
        """An opaque id of the tenant."""

    @property
    def config(self) -> Mapping[str, Any]:
        """What the tenant set when it enabled the vertical, with defaults filled in."""

    async def predict(self, task: Task, records: Sequence[BaseModel]) -> Prediction[Any]:
        """Return one answer a record, in order, by the adapter that is live for this tenant.

        Metered. Raises `Conflict` (code `untrained`) while nothing can answer, `Unavailable` while the engine is away.
        """


class Gatekeeper(Protocol):
    """What the host puts into `app.state.gatekeeper`."""

    async def admit(self, request: Request, scopes: Sequence[str]) -> TenantCaller:
        """Return the caller whose key holds all `scopes`; raises `Unauthenticated`, `Forbidden` or `NotFound`."""


async def admit(request: Request, security: SecurityScopes) -> TenantCaller:
    """Return the caller of a request whose key holds every scope that the route requires."""
    gatekeeper = cast(Gatekeeper, request.app.state.gatekeeper)
    return await gatekeeper.admit(request, security.scopes)


def requires(scope: Scope) -> SecurityParameter:
    """Return the dependency that lets only keys with `scope` through, for a router or a route."""
    return cast(SecurityParameter, Security(admit, scopes=[scope]))


Caller = Annotated[TenantCaller, Security(admit)]
"""The dependency that a plugin's route names to act for the tenant who calls."""
