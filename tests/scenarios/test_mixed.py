"""Two tenants who call the same things by opposite names, asked at the same time: nothing mixes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

API = "/v1/customer-service"
ROUNDS = 12


@pytest.fixture(scope="module")
def texts(utterances: list[dict[str, Any]]) -> list[str]:
    return [row["text"] for row in utterances if not row.get("oos")]


@pytest.fixture(scope="module")
def names(utterances: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What each tenant calls a text, by `utterances`' labels."""
    labels = sorted({row["label"] for row in utterances if not row.get("oos")})
    return [{label: label for label in labels}, dict(zip(labels, reversed(labels), strict=True))]


@pytest.fixture(scope="module")
def alone(shop: Any, opposite: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
    """Each tenant's answer to each text, asked one at a time while nobody else asks."""
    return [[ask(each, [text])[0] for text in texts] for each in (shop, opposite)]


def ask(shop: Any, texts: list[str]) -> list[dict[str, Any]]:
    answer = shop.tenant.json("POST", f"{API}/parse", 200, json={"texts": texts})
    assert answer["adapter"] == shop.adapter
    return list(answer["answers"])


def insist_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found["label"] == expected["label"]
    assert found["abstained"] == expected["abstained"]
    assert found["confidence"] == pytest.approx(expected["confidence"], abs=1e-5)
    assert found["alternatives"] == [
        {"label": other["label"], "confidence": pytest.approx(other["confidence"], abs=1e-5)}
        for other in expected["alternatives"]
    ]


def test_each_answers_in_its_own_words(
    alone: list[list[dict[str, Any]]], names: list[dict[str, str]], utterances: list[dict[str, Any]]
) -> None:
    truth = [row["label"] for row in utterances if not row.get("oos")]
    for answers, called in zip(alone, names, strict=True):
        right = sum(answer["label"] == called[label] for answer, label in zip(answers, truth, strict=True))
        assert right > 0.8 * len(truth)
    assert not any(mine["label"] == theirs["label"] for mine, theirs in zip(*alone, strict=True))


def test_many_at_once_are_each_alone(shop: Any, opposite: Any, alone: Any, texts: list[str]) -> None:
    for each, expected in zip((shop, opposite), alone, strict=True):
        for found, wanted in zip(ask(each, texts), expected, strict=True):
            insist_equal(found, wanted)


def test_requests_of_both_at_once_never_mix(shop: Any, opposite: Any, alone: Any, texts: list[str]) -> None:
    """Mixed sizes from both tenants land in the same batches; every answer is what its tenant gets alone."""
    shops = (shop, opposite)

    def send(number: int) -> tuple[int, int, int, dict[str, Any]]:
        who, size = number % 2, 1 + number % 7
        begin = (number * 5) % (len(texts) - size)
        tenant = shops[who].tenant
        answer = httpx.post(
            f"{tenant.http.base_url}{API}/parse".replace("//v1", "/v1"),
            headers={"Authorization": f"Bearer {tenant.key}"},
            json={"texts": texts[begin : begin + size]},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        return who, begin, size, answer.json()

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(send, range(8 * ROUNDS)))
    ids: set[str] = set()
    for who, begin, size, reply in replies:
        assert reply["adapter"] == shops[who].adapter
        for found, wanted in zip(reply["answers"], alone[who][begin : begin + size], strict=True):
            insist_equal(found, wanted)
            ids.add(found["prediction_id"])
    assert len(ids) == sum(size for _, _, size, _ in replies)


def test_feedback_of_one_never_grows_the_others_data(shop: Any, opposite: Any) -> None:
    before = opposite.tenant.json("GET", f"{API}/datasets/{opposite.dataset}", 200)
    text = "my brand new complaint that nobody wrote before"
    prediction = ask(shop, [text])[0]["prediction_id"]
    shop.tenant.json("POST", f"{API}/feedback", 201, json={"prediction_id": prediction, "label": "complaint_service"})
    mine = shop.tenant.json("POST", f"{API}/datasets/{shop.dataset}:grow", 201, json={})
    theirs = opposite.tenant.json("POST", f"{API}/datasets/{opposite.dataset}:grow", 201, json={})
    assert mine["rows"] > before["rows"]
    assert (theirs["id"], theirs["rows"]) == (before["id"], before["rows"]), "without feedback it is the version it was"


def test_the_same_rows_and_seed_make_the_same_bits(server: Any, shop: Any, utterances: list[dict[str, Any]]) -> None:
    tenant = server.tenant()
    dataset = tenant.upload(utterances)["id"]
    assert tenant.http.get(f"{API}/adapters/{shop.adapter}").status_code == 404, "it has not been made here yet"
    run = tenant.run(dataset)
    assert run["adapter"] == shop.adapter
    mine = tenant.http.get(f"{API}/adapters/{run['adapter']}/export")
    theirs = shop.tenant.http.get(f"{API}/adapters/{shop.adapter}/export")
    assert mine.content == theirs.content
