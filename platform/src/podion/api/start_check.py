"""A look at every route before the first request: one that anybody could call, by mistake, stops the start."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from podion.api.access import GUARDS
from podion.catalogue.route_checks import route_name
from podion.errors import PodionError

OPEN = frozenset(
    {"/livez", "/readyz", "/metrics", "/docs", "/docs/oauth2-redirect"} | {"/v2", "/v2/health/live", "/v2/health/ready"}
)
"""The routes that need no key."""


def check_routes(app: FastAPI) -> None:
    """Raise `PodionError` that names every route which asks for no key and is not one of `OPEN`."""
    contexts = [context for context in iter_route_contexts(app.routes) if isinstance(context.original_route, APIRoute)]
    unguarded = [
        route_name(context)
        for context in contexts
        if context.path not in OPEN and not GUARDS.intersection(_calls(context.dependant))
    ]
    if unguarded:
        raise PodionError(
            f"routes without a key or a scope: {', '.join(unguarded)}. Give each a dependency of podion.api.access or "
            "`requires(…)`, or list it in podion.api.start_check.OPEN",
            code="open_route",
        )


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)
