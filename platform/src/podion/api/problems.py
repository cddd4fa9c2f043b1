"""Errors as RFC 9457 problem documents. Nothing else in the platform renders one."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from podion.errors import Fault, PluginError, PodionError

log = logging.getLogger("podion.api")

MEDIA_TYPE = "application/problem+json"
INFERENCE = "/v2"
"""Below it errors have the form of the Open Inference Protocol: `{"error": …}`, with the same status."""

_SHOWN_FAULTS = 20
_CODES = {404: "not_found", 405: "method_not_allowed", 408: "too_slow", 413: "too_large", 415: "unsupported_media_type"}


class FaultOut(BaseModel):
    """One thing wrong with what was sent."""

    pointer: str = Field(description="JSON pointer (RFC 6901) into the request")
    detail: str


class Problem(BaseModel):
    """An error document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FaultOut] | None = None
    plugin: str | None = Field(default=None, description="the plugin that failed, where one did")


_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "A problem with the request", "content": _CONTENT},
    "5XX": {"description": "A problem of the server", "content": _CONTENT},
}
"""What every route of the OpenAPI page says of its errors."""


def problem(
    request: Request,
    status: int,
    title: str,
    detail: str,
    code: str,
    faults: tuple[Fault, ...] = (),
    headers: dict[str, str] | None = None,
    plugin: str | None = None,
) -> Response:
    """Return the problem document of one error, or below `INFERENCE` that protocol's form of it."""
    if request.url.path.startswith(INFERENCE):
        return JSONResponse({"error": detail}, status, headers=headers)
    document = Problem(
        type=f"urn:podion:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        request_id=getattr(request.state, "request_id", ""),
        errors=[FaultOut(pointer=f.pointer, detail=f.detail) for f in faults[:_SHOWN_FAULTS]] or None,
        plugin=plugin,
    )
    body = document.model_dump(mode="json", exclude_none=True)
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make the app answer every error as a problem."""
    app.add_exception_handler(PodionError, _podion)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def document(app: FastAPI) -> None:
    """Put the problem document among the schemas of the app's OpenAPI page."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        page = made()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        named = page.setdefault("components", {}).setdefault("schemas", {})
        named.update(schema.pop("$defs", {}))
        named["Problem"] = schema
        return page

    app.openapi = openapi  # type: ignore[method-assign]


async def _podion(request: Request, error: Exception) -> Response:
    assert isinstance(error, PodionError)
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status >= 500:
        # What a plugin says may quote a tenant.
        words = "the caller has its words" if isinstance(error, PluginError) else error.detail
        log.warning("problem %s: %s", error.code, words)
    plugin = _plugin(request) if isinstance(error, PluginError) else None
    return problem(request, error.status, error.title, error.detail, error.code, error.faults, headers, plugin)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = tuple(Fault(_pointer(e["loc"]), e["msg"]) for e in error.errors())
    first = faults[0] if faults else Fault("", "not valid")
    return problem(
        request,
        422,
        "Cannot use what was sent",
        f"{first.pointer or 'the body'}: {first.detail}",
        "bad_request",
        faults,
    )


def _pointer(location: tuple[str | int, ...]) -> str:
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in location if part != "body"]
    return "/" + "/".join(parts) if parts else ""


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, f"http_{error.status_code}")
    detail = f"{request.method} {request.url.path} is not there" if error.status_code == 404 else str(error.detail)
    headers = dict(error.headers) if error.headers else None
    return problem(request, error.status_code, str(error.detail), detail, code, headers=headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    plugin = _plugin(request)
    log.error("request %s failed", getattr(request.state, "request_id", ""), exc_info=error)
    owner = f"the {plugin} plugin" if plugin else "the server"
    # This one answers outside the middleware that names requests, so it names its own.
    named = {"X-Request-ID": getattr(request.state, "request_id", "")}
    detail = f"{owner} failed on this request; it is logged under request_id"
    if plugin:
        return problem(request, 500, "A plugin failed", detail, "plugin_failed", headers=named, plugin=plugin)
    return problem(request, 500, "Something broke", detail, "internal", headers=named)


def _plugin(request: Request) -> str | None:
    """Return the plugin whose own route the request came to, None on the platform's routes."""
    return getattr(request.state, "plugin", None)
