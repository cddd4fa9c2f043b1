"""The short way to a plugin's route: one look for the path, one for the key, one validation, the answer's bytes once.

FastAPI declares the routes and knows them best. Those of a plain shape (a JSON body and the caller in, a model out) are
answered here, in the order in which FastAPI would: whoever asks for more, or does something wrong, goes FastAPI's way,
which then says what is wrong.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts, serialize_response
from pydantic_core import from_json
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Message, Receive, Scope, Send

from podion.api.access import Access, Enabled, TenantGate, bearer, caller_of
from podion.api.replays import has_key, replayable
from podion.caller import admit
from podion.vertical import Vertical

_COLD = "podion.cold"
"""Marks a request that was found to need FastAPI."""


@dataclass(frozen=True, kw_only=True)
class HotRoute:
    """One route of a plain shape: what it asks of the caller, and how FastAPI calls it."""

    context: RouteContext
    vertical: Vertical
    scopes: frozenset[str]
    endpoint: Callable[..., Awaitable[Any]]
    caller: tuple[str, ...]
    body: str

    @classmethod
    def of(cls, context: RouteContext) -> "HotRoute | None":
        """Return the short way to a route, None where it is not of a plain shape."""
        dependant: Dependant = context.dependant
        asked = dependant.dependencies
        gates = [each.call.vertical for each in asked if isinstance(each.call, Enabled)]
        callers = [each for each in asked if each.call is admit]
        if not gates or not callers or not _is_plain(context) or not iscoroutinefunction(dependant.call):
            return None
        if any(each.call not in (admit, bearer, replayable) and not isinstance(each.call, Enabled) for each in asked):
            return None
        return cls(
            context=context,
            vertical=gates[0],
            scopes=frozenset(scope for each in callers for scope in _scopes(each)),
            endpoint=dependant.call,
            caller=tuple(each.name for each in callers if each.name),
            body=dependant.body_params[0].name,
        )

    def opens_to(self, access: Access) -> bool:
        """Return whether the key may call the route."""
        return self.vertical.name in access.enabled and self.scopes.issubset(access.identity.scopes)

    async def answer(self, request: Request, access: Access, body: Any) -> Response:
        """Call the route and return its response, as FastAPI does."""
        context = self.context
        caller = caller_of(request, access, self.vertical)
        answer = await self.endpoint(**{self.body: body}, **dict.fromkeys(self.caller, caller))
        if isinstance(answer, Response):
            return answer
        content = await serialize_response(
            field=context.response_field,
            response_content=answer,
            include=context.response_model_include,
            exclude=context.response_model_exclude,
            by_alias=context.response_model_by_alias,
            exclude_unset=context.response_model_exclude_unset,
            exclude_defaults=context.response_model_exclude_defaults,
            exclude_none=context.response_model_exclude_none,
            dump_json=True,
        )
        return Response(content, context.status_code or 200, media_type="application/json")


class HotRoutes(BaseRoute):
    """Stands before all other routes, and takes the requests that it can answer as they would."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = {(method, route.context.path): route for route in _hot(routes) for method in _methods(route)}

    @property
    def paths(self) -> Collection[tuple[str, str]]:
        """Method and path of each hot route."""
        return [(method, path) for method, path in self._routes if path is not None]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take a plain request to a hot route."""
        if scope["type"] != "http" or _COLD in scope:
            return Match.NONE, {}
        route = self._routes.get((scope["method"], scope["path"]))
        if route is None or not _is_plain_request(scope):
            return Match.NONE, {}
        return Match.FULL, {"route": route.context, "endpoint": route.endpoint, "path_params": {}}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or give it to FastAPI."""
        route = self._routes[scope["method"], scope["path"]]
        request = Request(scope, receive)
        content = await request.body()
        response = await self._answer(route, request, content)
        if response is None:
            scope[_COLD] = True
            await scope["router"].app(scope, _replay(content, receive), send)
        else:
            await response(scope, receive, send)

    async def _answer(self, route: HotRoute, request: Request, content: bytes) -> Response | None:
        """Return the response, None where FastAPI has to say what is wrong."""
        try:
            sent = from_json(content)
        except ValueError:
            return None
        gatekeeper: TenantGate = request.app.state.gatekeeper
        access = await gatekeeper.access(request)
        if not route.opens_to(access):
            return None
        request.state.vertical = route.vertical.name
        request.state.vertical_declared = route.vertical
        body, wrong = route.context.body_field.validate(sent, {}, loc=("body",))
        return None if wrong else await route.answer(request, access, body)

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """Name no path: the routes themselves do."""
        raise NoMatchFound(name, path_params)


def _hot(routes: Sequence[BaseRoute]) -> Iterator[HotRoute]:
    """Return the hot routes, without those that stand behind another one of the same path."""
    before: list[RouteContext] = []
    for context in iter_route_contexts(routes):
        if isinstance(context.original_route, APIRoute):
            hot = HotRoute.of(context)
            if hot is not None and not any(_shadows(each, context) for each in before):
                yield hot
            before.append(context)


def _shadows(before: RouteContext, context: RouteContext) -> bool:
    same = (before.methods or set()) & (context.methods or set())
    return bool(same and before.path_regex.match(context.path))


def _is_plain(context: RouteContext) -> bool:
    """Return whether a route takes one JSON body and nothing else, and returns a model in the ordinary way."""
    own: Dependant = context.dependant
    given = (own.path_params, own.query_params, own.header_params, own.cookie_params)
    names = (
        own.request_param_name,
        own.http_connection_param_name,
        own.response_param_name,
        own.background_tasks_param_name,
        own.security_scopes_param_name,
    )
    field = context.body_field
    return (
        len(own.body_params) == 1
        and not any(given)
        and not any(names)
        and field is not None
        and not context._embed_body_fields
        and not isinstance(field.field_info, Form)
        and context.response_field is not None
        and isinstance(context.response_class, DefaultPlaceholder)
        and not (context.is_sse_stream or context.is_json_stream)
        and context.status_code in (None, 200, 201)
        and context.max_body_size is None
    )


def _is_plain_request(scope: Scope) -> bool:
    return (b"content-type", b"application/json") in scope["headers"] and not has_key(scope)


def _scopes(dependant: Dependant) -> list[str]:
    return [*(dependant.parent_oauth_scopes or ()), *(dependant.own_oauth_scopes or ())]


def _methods(route: HotRoute) -> set[str]:
    return route.context.methods or set()


def _replay(content: bytes, receive: Receive) -> Receive:
    """Return the request's messages once more: its body, which was read, then what comes."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": content, "more_body": False}

    return again
