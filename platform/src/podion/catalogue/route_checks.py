"""What is checked of a plugin's routes: a scope, a response model, and no tenant from outside the key."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.utils import is_body_allowed_for_status_code
from pydantic import BaseModel
from starlette.routing import BaseRoute

from podion.caller import requires
from podion.catalogue.plugin_record import Problem
from podion.catalogue.suggestions import did_you_mean
from podion.vertical import SCOPES, Standard, Vertical

HOST_ROUTES = frozenset({"adapters", "batches", "datasets", "deployments", "events", "feedback", "predictions", "runs"})
"""First segments below a vertical that the platform serves itself."""

HOST_ROOTS = frozenset(
    {"admin", "api", "assets", "docs", "health", "livez", "metrics", "openapi", "readyz", "redoc", "static"}
    | {f"v{number}" for number in range(1, 10)}
)
"""First segments of paths at the root that the platform serves itself, or may."""

_PREFIX = re.compile(r"/[a-z][a-z0-9]*(-[a-z0-9]+)*")
_GATE = requires("predict").dependency
_TENANT_NAMES = frozenset({"tenant", "tenant_id", "tenantid"})


def route_problems(vertical: Vertical) -> Iterator[Problem]:
    """Yield everything wrong with the routes of a vertical, those of routers inside its router included."""
    if vertical.router is not None:
        yield from _router_problems(vertical.router)
        for context in api_routes_of(vertical.router):
            yield from _path_problems(context)
    for standard in vertical.standards:
        yield from _standard_problems(standard)


def _router_problems(router: object) -> Iterator[Problem]:
    if not isinstance(router, APIRouter):
        yield Problem(f"its router is {type(router).__name__}; a fastapi.APIRouter is allowed", "give an APIRouter")
        return
    for context in iter_route_contexts(router.routes):
        if isinstance(context.original_route, APIRoute):
            yield from _scope_problems(context)
            yield from _response_problems(context)
            yield from _tenant_problems(context)
        else:
            yield _no_api_route(context.original_route)
    for folder in _folders(router):
        yield _no_api_route(folder)


def _standard_problems(standard: object) -> Iterator[Problem]:
    if not isinstance(standard, Standard):
        yield Problem(f"its standard is {type(standard).__name__}; a podion.Standard is allowed", "give a Standard")
        return
    if not standard.name.strip():
        yield Problem(f"the standard at {standard.prefix!r} has no name", "say which published standard it is")
    if not _PREFIX.fullmatch(standard.prefix):
        yield Problem(
            f"the standard {standard.name!r} has the prefix {standard.prefix!r}; one segment is allowed, in lower case,"
            " with dashes",
            "write for example prefix='/cds-services'",
        )
    elif standard.prefix.strip("/") in HOST_ROOTS:
        yield Problem(
            f"the standard {standard.name!r} has the prefix {standard.prefix!r}, where the platform serves itself",
            f"choose another than {', '.join(sorted(HOST_ROOTS))}",
        )
    yield from _router_problems(standard.router)


def api_routes(vertical: Vertical) -> list[RouteContext]:
    """Return the routes of a vertical, those of standards too, with what they inherit from the routers around them."""
    routers = [vertical.router, *(standard.router for standard in vertical.standards)]
    return [context for router in routers if router is not None for context in api_routes_of(router)]


def api_routes_of(router: object) -> list[RouteContext]:
    """Return the routes of one router; none of what is no router."""
    contexts = iter_route_contexts(router.routes) if isinstance(router, APIRouter) else ()
    return [context for context in contexts if isinstance(context.original_route, APIRoute)]


def route_name(context: RouteContext) -> str:
    """Return a route as people write it, for example `POST /judge`."""
    return f"{' '.join(sorted(context.methods or ()))} {context.path}"


def _no_api_route(route: BaseRoute) -> Problem:
    path = getattr(route, "path", "")
    return Problem(
        f"{type(route).__name__} {path}".strip() + " is no route of the API: it has no scope and no response model",
        "use @router.get, @router.post and the like; no websockets, mounted applications or served folders",
    )


def _folders(router: APIRouter) -> Iterator[BaseRoute]:
    # FastAPI keeps the folders of `router.frontend` apart from `routes`, and has no public way to list them.
    yield from getattr(router, "_low_priority_routes", ())
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if isinstance(inner, APIRouter):
            yield from _folders(inner)


def _tree(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _tree(inner)


def scopes_of(context: RouteContext) -> list[str]:
    """Return the scopes that a key needs for a route, from the route and from every router around it."""
    gates = [dependant for dependant in _tree(context.dependant) if dependant.call is _GATE]
    return [scope for gate in gates for scope in (*(gate.parent_oauth_scopes or ()), *(gate.own_oauth_scopes or ()))]


def _scope_problems(context: RouteContext) -> Iterator[Problem]:
    scopes = scopes_of(context)
    if not scopes:
        yield Problem(
            f"{route_name(context)} has no scope; every route needs one of {', '.join(SCOPES)}",
            'write dependencies=[requires("predict")] on the router or the route; `Caller` alone asks for no scope',
        )
    for scope in scopes:
        if scope not in SCOPES:
            yield Problem(
                f"{route_name(context)} requires the scope {scope!r}, which no key can hold."
                f"{did_you_mean(scope, SCOPES)} Allowed: {', '.join(SCOPES)}",
                "name one of the scopes there are",
            )


def declares_response(context: RouteContext) -> bool:
    """Return whether a client can know what a route answers: a model, a declared stream, or nothing at all."""
    if context.response_model not in (None, Any) or context.stream_item_type is not None:
        return True
    if not is_body_allowed_for_status_code(context.status_code):
        return True
    return isinstance(context.response_class, type) and issubclass(context.response_class, StreamingResponse)


def _response_problems(context: RouteContext) -> Iterator[Problem]:
    if not declares_response(context):
        yield Problem(
            f"{route_name(context)} has no response model; each route says what it answers",
            "annotate what the route returns, or pass response_model=…; for a stream pass response_class=…",
        )


def _tenant_problems(context: RouteContext) -> Iterator[Problem]:
    for dependant in _tree(context.dependant):
        groups = (dependant.path_params, dependant.query_params, dependant.header_params, dependant.cookie_params)
        for field in [field for group in (*groups, dependant.body_params) for field in group]:
            names = {field.name, field.alias, field.validation_alias or ""}
            for name in sorted({*names, *_model_fields(field.field_info.annotation, set())}):
                if _means_tenant(name):
                    yield Problem(
                        f"{route_name(context)} takes {name!r} from the request; the tenant comes from the key alone",
                        "remove it and use `caller.tenant`",
                    )


def _means_tenant(name: str) -> bool:
    return name.lower().replace("-", "_").removeprefix("x_") in _TENANT_NAMES


def _model_fields(annotation: Any, seen: set[type]) -> Iterator[str]:
    """Yield the names of the fields of every model inside an annotation."""
    for argument in get_args(annotation):
        yield from _model_fields(argument, seen)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        seen.add(annotation)
        for name, field in annotation.model_fields.items():
            yield from {name, field.alias or name, str(field.validation_alias or name)}
            yield from _model_fields(field.annotation, seen)


def _path_problems(context: RouteContext) -> Iterator[Problem]:
    segment = (context.path or "").strip("/").split("/")[0].split(":")[0]
    if segment in HOST_ROUTES:
        yield Problem(
            f"{route_name(context)} lies where the platform serves {segment!r} of every vertical",
            f"choose another first segment than {', '.join(sorted(HOST_ROUTES))}",
        )
