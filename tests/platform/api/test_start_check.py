"""A route that forgot its key stops the start."""

import pytest
from fastapi import FastAPI

from podion.api.start_check import check_routes
from podion.caller import requires
from podion.errors import PodionError


def test_a_route_without_a_key_is_named() -> None:
    app = FastAPI()

    @app.get("/v1/secrets")
    async def secrets() -> str:
        return "everybody's"

    with pytest.raises(PodionError, match="GET /v1/secrets"):
        check_routes(app)


def test_guarded_and_open_routes_pass() -> None:
    app = FastAPI()

    @app.get("/livez")
    async def livez() -> str:
        return "alive"

    @app.get("/v1/secrets", dependencies=[requires("data")])
    async def secrets() -> str:
        return "ours"

    check_routes(app)
