"""The short way answers what FastAPI answers, to the byte but for ids; what is not plain goes FastAPI's way."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from podion.api import hot_routes
from podion.api.app import create_app
from podion.catalogue.catalogue import Catalogue, load_plugins
from podion.hosting.protocol import Answered, Call
from podion.settings import Settings
from podion.storage import adapters, deployments, enablements, usage
from podion.storage.database import Database
from podion.tenancy import keys, tenants

JUDGE = "/v1/praise/judge"
GOOD = {"text": "splendid, thank you"}
IDS = re.compile(r"(prd|req)_[0-9A-Za-z]+")


class Engine:
    """Praises everything."""

    async def answer_all(self, calls: list[Call], timeout: float = 30) -> list[Answered]:
        answer = {"confidence": 0.9, "abstained": False, "label": "praise", "alternatives": []}
        return [Answered(answers=tuple(answer for _ in call.records)) for call in calls]

    async def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_plugins()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, base="minilm-l6", requests_per_minute=0)


@pytest.fixture
def tenant(settings: Settings) -> Iterator[Callable[..., str]]:
    """A function that makes a key: of a tenant who enabled praise and has a deployment, unless told otherwise."""
    database = Database(settings.database)
    database.migrate()

    def make(name: str, *, enabled: bool = True, scopes: tuple[Any, ...] = ("predict",)) -> str:
        with database.writing() as c:
            row, _, key = tenants.create(c, name, scopes)
            if enabled:
                enablements.put(c, row.id, "praise", {})
            made = {"tenant": row.id, "task": "praise/judge"}
            adapters.insert(
                c, adapters.AdapterRow(**made, id="a" * 64, run=None, method="head", base="b", fingerprint="f")
            )
            deployments.activate(c, deployments.DeploymentRow(**made, id=f"dep_{name}", adapter="a" * 64, actor="x"))
        return str(key)

    yield make
    database.close()


def serve(
    settings: Settings, catalogue: Catalogue, story: Callable[[FastAPI, httpx.AsyncClient], Coroutine[Any, Any, None]]
) -> None:
    async def main() -> None:
        app = create_app(settings, catalogue)
        async with app.router.lifespan_context(app):
            app.state.services.predictor._engine = Engine()
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
                await story(app, client)

    asyncio.run(main())


def told(response: httpx.Response) -> tuple[Any, ...]:
    headers = {name: IDS.sub("…", value) for name, value in response.headers.items()}
    return response.status_code, IDS.sub("…", response.text), headers


def test_both_ways_answer_alike(
    settings: Settings, catalogue: Catalogue, tenant: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    good, poor, other = tenant("a"), tenant("b", scopes=("data",)), tenant("c", enabled=False)
    requests: list[tuple[str, str, int]] = [
        (good, json.dumps(GOOD), 200),
        (good, json.dumps({**GOOD, "label": "praise"}), 200),
        (good, json.dumps({"text": ""}), 422),
        (good, json.dumps({"text": "x", "label": "rubbish"}), 422),
        (good, json.dumps([GOOD]), 422),
        (good, '{"text": "x"', 422),
        (good, '{"text": "\\ud800"}', 422),
        (good, "", 422),
        ("", json.dumps(GOOD), 401),
        (keys.mint(), json.dumps(GOOD), 401),
        (poor, json.dumps(GOOD), 403),
        (poor, json.dumps({"text": ""}), 403),
        (other, json.dumps(GOOD), 404),
        (other, '{"text": "x"', 422),
    ]
    plain = hot_routes._is_plain_request
    taken = 0

    def counted(scope: Any) -> bool:
        nonlocal taken
        taken += 1
        return plain(scope)

    async def story(app: FastAPI, client: httpx.AsyncClient) -> None:
        for key, body, status in requests:
            headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
            monkeypatch.setattr(hot_routes, "_is_plain_request", counted)
            hot = await client.post(JUDGE, content=body, headers=headers)
            monkeypatch.setattr(hot_routes, "_is_plain_request", lambda _scope: False)
            cold = await client.post(JUDGE, content=body, headers=headers)
            assert told(hot) == told(cold)
            assert hot.status_code == status, (body, hot.text)

    serve(settings, catalogue, story)
    assert taken == len(requests)


def test_a_request_counts_once_however_it_goes(
    settings: Settings, catalogue: Catalogue, tenant: Callable[..., str]
) -> None:
    key = tenant("a")
    limited = settings.model_copy(update={"requests_per_minute": 3})

    async def story(app: FastAPI, client: httpx.AsyncClient) -> None:
        headers = {"authorization": f"Bearer {key}"}
        statuses = [(await client.post(JUDGE, json=body, headers=headers)).status_code for body in (GOOD, {}, GOOD, {})]
        assert statuses == [200, 422, 200, 429]
        services = app.state.services
        [mine] = await services.database.read(lambda c: [row.id for row in tenants.rows.page(c)])
        meters = await services.database.read(lambda c: usage.totals(c, mine))
        assert meters == {"predictions": 2}

    serve(limited, catalogue, story)


def test_the_routes_of_a_plain_shape_are_hot_and_others_are_not(settings: Settings, catalogue: Catalogue) -> None:
    app = create_app(settings, catalogue)
    hot = next(route for route in app.routes if isinstance(route, hot_routes.HotRoutes))
    assert {JUDGE, "/v1/customer-service/parse"} <= {path for _, path in hot._routes}
    for (_, path), route in hot._routes.items():
        assert "{" not in path and route.scopes and len(route.context.dependant.body_params) == 1
    assert JUDGE in app.openapi()["paths"]
