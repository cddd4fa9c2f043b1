"""Eight tenants with label sets of their own ask at once: each gets what it gets alone, and so do embeddings."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest

from podion.hosting.client import EngineClient

API = "/v1/customer-service"
TENANTS = 8
ROUNDS = 6
TOPICS = (
    "refund",
    "delivery",
    "cancel order",
    "opening hours",
    "complaint",
    "invoice",
    "warranty",
    "exchange",
    "voucher",
)
TEXTS = [
    "where is my parcel",
    "i want my money back",
    "please stop my order, i have changed my mind and do not need it any longer",
    "open on sunday?",
    "the lamp broke after two weeks, is that covered",
    "can i swap the shoes for a larger pair",
    "send me the bill again",
]  # fmt: skip


@pytest.fixture(scope="module")
def tenants(server: Any) -> list[Any]:
    """Tenants whose labels are different parts of the topics, each label marked with the tenant's number."""
    made = [server.tenant() for _ in range(TENANTS)]
    for number, tenant in enumerate(made):
        topics = [TOPICS[(number + step) % len(TOPICS)] for step in range(2 + number % 4)]
        tenant.upload(
            [{"text": f"about {topic} {n}", "label": f"{topic} {number}"} for topic in topics for n in range(2)]
        )
    return made


def answers(tenant: Any, texts: list[str]) -> list[dict[str, Any]]:
    return list(tenant.json("POST", f"{API}/parse", 200, json={"texts": texts})["answers"])


def insist_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert (found["label"], found["abstained"]) == (expected["label"], expected["abstained"])
    for one, other in zip([found, *found["alternatives"]], [expected, *expected["alternatives"]], strict=True):
        assert one["label"] == other["label"]
        assert one["confidence"] == pytest.approx(other["confidence"], abs=1e-5)


def test_eight_tenants_at_once_are_each_alone(tenants: list[Any]) -> None:
    alone = [[answers(tenant, [text])[0] for text in TEXTS] for tenant in tenants]
    assert sum(answer["label"] is not None for each in alone for answer in each) > TENANTS
    for number, expected in enumerate(alone):
        assert all(answer["label"] is None or answer["label"].endswith(f" {number}") for answer in expected)

    def send(turn: int) -> None:
        who, begin, size = turn % TENANTS, turn % len(TEXTS), 1 + turn % 3
        chosen = [(begin + step) % len(TEXTS) for step in range(size)]
        found = httpx.post(
            f"{str(tenants[who].http.base_url).rstrip('/')}{API}/parse",
            headers={"Authorization": f"Bearer {tenants[who].key}"},
            json={"texts": [TEXTS[place] for place in chosen]},
            timeout=60,
            verify=False,
        )
        assert found.status_code == 200, found.text
        for place, answer in zip(chosen, found.json()["answers"], strict=True):
            insist_equal(answer, alone[who][place])

    with ThreadPoolExecutor(TENANTS) as pool:
        list(pool.map(send, range(ROUNDS * TENANTS)))


def test_embeddings_alone_and_among_strangers_are_equal(server: Any, tenants: list[Any]) -> None:
    async def scene() -> tuple[Any, list[Any]]:
        engine = EngineClient(server.home / "engine.sock")
        alone = [await engine.embed("minilm-l6", [text]) for text in TEXTS]
        asked = [
            engine.embed("minilm-l6", [TEXTS[(n + step) % len(TEXTS)] for step in range(1 + n % 3)]) for n in range(40)
        ]
        busy = [asyncio.to_thread(answers, tenant, TEXTS) for tenant in tenants]
        mixed, _ = await asyncio.gather(asyncio.gather(*asked), asyncio.gather(*busy))
        await engine.close()
        return np.concatenate(alone), mixed

    alone, mixed = asyncio.run(scene())
    for number, found in enumerate(mixed):
        for step, vector in enumerate(found):
            assert np.abs(vector - alone[(number + step) % len(TEXTS)]).max() < 1e-5
