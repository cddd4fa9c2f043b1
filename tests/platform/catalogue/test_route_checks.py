"""Routes without a scope, without a response model, or that take the tenant from the request are refused."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Body, Cookie, Depends, FastAPI, Header, Query, Security, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel, Field

from podion import Caller, Prediction, Vertical, requires
from podion.caller import TenantCaller
from podion.catalogue.route_checks import api_routes, route_name, route_problems, scopes_of


class Remark(BaseModel):
    text: str


class Owned(BaseModel):
    remark: Remark
    tenant_id: str


class Nested(BaseModel):
    inside: list[Owned] | None = None
    again: "Nested | None" = None


class Aliased(BaseModel):
    whose: str = Field(alias="tenantId")


class Filter(BaseModel):
    tenant: str | None = None


async def plain(remark: Remark) -> Prediction:
    """Answer."""
    raise AssertionError


def _told(router: Any) -> list[str]:
    problems = list(route_problems(Vertical(name="v", title={}, tasks=(), router=router)))
    assert all(problem.hint for problem in problems)
    return [problem.cause for problem in problems]


def _router(endpoint: Any = plain, path: str = "/judge", guarded: bool = True, **options: Any) -> APIRouter:
    router = APIRouter(dependencies=[requires("predict")] if guarded else [])
    router.post(path, **options)(endpoint)
    return router


def test_no_router_is_no_problem() -> None:
    assert _told(None) == []
    assert _told(_router()) == []


async def by_parameter(remark: Remark, caller: Annotated[TenantCaller, requires("predict")]) -> Prediction:
    raise AssertionError


async def by_caller(remark: Remark, caller: Caller) -> Prediction:
    raise AssertionError


async def gate(caller: Caller) -> None: ...


async def other_gate() -> None: ...


async def by_inner(remark: Remark, _: Annotated[None, Depends(gate)]) -> Prediction:
    raise AssertionError


async def by_scoped_inner(remark: Remark, _: Annotated[None, Security(gate, scopes=["train"])]) -> Prediction:
    raise AssertionError


async def by_other_security(remark: Remark, _: Annotated[None, Security(other_gate, scopes=["train"])]) -> Prediction:
    raise AssertionError


@pytest.mark.parametrize(
    ("endpoint", "options", "scopes"),
    [
        (plain, {"dependencies": [requires("train")]}, ["train"]),
        (by_parameter, {}, ["predict"]),
        (by_scoped_inner, {}, ["train"]),
        (plain, {"dependencies": [requires("train"), requires("data")]}, ["train", "data"]),
    ],
)
def test_a_scope_may_stand_where_it_takes_effect(endpoint: Any, options: dict[str, Any], scopes: list[str]) -> None:
    router = _router(endpoint, guarded=False, **options)
    assert _told(router) == []
    [context] = api_routes(Vertical(name="v", title={}, tasks=(), router=router))
    assert (scopes_of(context), route_name(context)) == (scopes, "POST /judge")


@pytest.mark.parametrize("endpoint", [plain, by_caller, by_inner, by_other_security])
def test_a_route_without_a_scope_is_refused(endpoint: Any) -> None:
    [cause] = _told(_router(endpoint, guarded=False))
    assert cause == "POST /judge has no scope; every route needs one of predict, data, train, deploy, admin"


def test_a_scope_that_no_key_can_hold_is_refused() -> None:
    [cause] = _told(_router(guarded=False, dependencies=[requires("predcit")]))  # type: ignore[arg-type]
    assert "the scope 'predcit', which no key can hold. Did you mean 'predict'?" in cause


def test_routers_inside_routers_are_walked() -> None:
    innermost = _router(guarded=False)
    inner = APIRouter(prefix="/inner")
    inner.include_router(innermost, prefix="/most")
    outer = APIRouter(prefix="/outer")
    outer.include_router(inner)
    [cause] = _told(outer)
    assert cause.startswith("POST /outer/inner/most/judge has no scope")


@pytest.mark.parametrize("level", ["outermost", "in between", "at inclusion"])
def test_a_scope_of_a_router_around_counts(level: str) -> None:
    guard = [requires("data")]
    inner = APIRouter(dependencies=guard if level == "in between" else [])
    inner.include_router(_router(guarded=False), dependencies=guard if level == "at inclusion" else [])
    outer = APIRouter(dependencies=guard if level == "outermost" else [])
    outer.include_router(inner, prefix="/x")
    assert _told(outer) == []


def test_a_scope_of_a_sibling_does_not_count() -> None:
    outer = APIRouter()
    outer.include_router(_router(path="/one"))
    outer.include_router(_router(path="/two", guarded=False))
    [cause] = _told(outer)
    assert cause.startswith("POST /two has no scope")


async def silent(remark: Remark):  # type: ignore[no-untyped-def]
    raise AssertionError


async def anything(remark: Remark) -> Any:
    raise AssertionError


async def nothing(remark: Remark) -> None: ...


async def a_response(remark: Remark) -> JSONResponse:
    raise AssertionError


async def lines(remark: Remark) -> AsyncIterator[Remark]:
    yield remark


@pytest.mark.parametrize(
    ("endpoint", "options", "declared"),
    [
        (silent, {}, False),
        (anything, {}, False),
        (nothing, {}, False),
        (a_response, {}, False),
        (silent, {"response_class": JSONResponse}, False),
        (silent, {"response_model": Remark}, True),
        (silent, {"response_class": StreamingResponse}, True),
        (silent, {"response_class": EventSourceResponse}, True),
        (lines, {}, True),
        (nothing, {"status_code": 204}, True),
    ],
)
def test_a_route_says_what_it_answers(endpoint: Any, options: dict[str, Any], declared: bool) -> None:
    told = _told(_router(endpoint, **options))
    assert told == ([] if declared else ["POST /judge has no response model; each route says what it answers"])


def _takes(annotation: Any, name: str = "given") -> Any:
    async def endpoint(**_: Any) -> Prediction:
        raise AssertionError

    import inspect

    parameter = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
    endpoint.__signature__ = inspect.Signature([parameter], return_annotation=Prediction)  # type: ignore[attr-defined]
    return endpoint


async def gate_with_header(x_tenant: Annotated[str, Header()]) -> None: ...


async def by_gate_with_header(remark: Remark, _: Annotated[None, Depends(gate_with_header)]) -> Prediction:
    raise AssertionError


@pytest.mark.parametrize(
    ("endpoint", "path", "name"),
    [
        (_takes(str, "tenant"), "/of/{tenant}", "tenant"),
        (_takes(str, "tenant_id"), "/judge", "tenant_id"),
        (_takes(Annotated[str, Query(alias="tenant")]), "/judge", "tenant"),
        (_takes(Annotated[str, Header(alias="X-Tenant-ID")]), "/judge", "X-Tenant-ID"),
        (_takes(Annotated[str, Cookie(alias="tenant")]), "/judge", "tenant"),
        (_takes(Annotated[str, Body()], "tenant"), "/judge", "tenant"),
        (_takes(Annotated[Filter, Query()]), "/judge", "tenant"),
        (_takes(Owned), "/judge", "tenant_id"),
        (_takes(Nested), "/judge", "tenant_id"),
        (_takes(list[Owned]), "/judge", "tenant_id"),
        (_takes(Aliased), "/judge", "tenantId"),
        (by_gate_with_header, "/judge", "x_tenant"),
    ],
)
def test_the_tenant_comes_from_the_key_alone(endpoint: Any, path: str, name: str) -> None:
    told = _told(_router(endpoint, path))
    assert any(f"takes {name!r} from the request; the tenant comes from the key alone" in cause for cause in told)


def test_words_that_only_begin_like_tenant_are_free() -> None:
    assert _told(_router(_takes(str, "tenants_of_the_house"))) == []


@pytest.mark.parametrize("path", ["/datasets", "/runs/{run}", "/deployments", "/adapters:prune", "/feedback"])
def test_what_the_platform_serves_of_every_vertical_is_taken(path: str) -> None:
    [cause] = _told(_router(path=path))
    assert "lies where the platform serves" in cause


def test_what_is_no_route_of_the_api_is_refused(tmp_path: Any) -> None:
    async def socket(websocket: WebSocket) -> None: ...

    router = APIRouter(dependencies=[requires("predict")])
    router.add_api_websocket_route("/live", socket)
    router.add_route("/raw", lambda request: JSONResponse({}))
    router.mount("/app", FastAPI())
    nested = APIRouter()
    nested.frontend("/pages", directory=str(tmp_path))
    router.include_router(nested, prefix="/x")
    told = _told(router)
    assert len(told) == 4
    assert all("is no route of the API" in cause for cause in told)
