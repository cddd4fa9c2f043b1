"""A file is damaged under a live server: its owner is told which, and how to put it right; all others are served."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

API = "/v1/customer-service"
TEXTS = {"texts": ["where is my parcel", "I want my money back", "what a nice day"]}


def flip(path: Path) -> bytes:
    """Flip a bit in the middle of a file; return what it held."""
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 4]) + whole[middle + 1 :])
    return whole


def rows_of(tenant: Any) -> list[dict[str, Any]]:
    said = ("where is parcel", "refund order")
    return [{"text": f"{said[n % 2]} {n}", "label": ("parcel", "refund")[n % 2]} for n in range(24)]


def answers(tenant: Any) -> list[Any]:
    """What a tenant's texts are answered with, to five places: who else was in the pass may show behind them."""
    found = tenant.json("POST", f"{API}/parse", 200, json=TEXTS)["answers"]
    return [(answer["label"], round(answer["confidence"], 5), answer["abstained"]) for answer in found]


def unread_adapter(tenant: Any, until: Callable[..., Any]) -> tuple[str, str]:
    """Return a dataset and the adapter that was made of its labels, which the engine has not read yet."""
    dataset = tenant.upload(rows_of(tenant))["id"]
    until(lambda: tenant.json("GET", f"{API}/adapters", 200)["data"])
    (adapter,) = tenant.json("GET", f"{API}/adapters", 200)["data"]
    return dataset, adapter["id"]


@pytest.mark.parametrize("name", ["head.safetensors", "calibration.json", "manifest.json"])
def test_a_damaged_adapter_answers_nothing_and_nobody_else_suffers(
    server: Any, problem: Callable[..., dict[str, Any]], until: Callable[..., Any], name: str
) -> None:
    ours, theirs = server.tenant(), server.tenant()
    _, adapter = unread_adapter(ours, until)
    unread_adapter(theirs, until)
    expected = answers(theirs)
    path = server.home / "files" / "tenants" / ours.id / "adapters" / adapter / name
    whole = flip(path)
    body = {"task": "intent", "adapter": adapter}
    for response in (
        ours.http.post(f"{API}/parse", json=TEXTS),
        ours.http.post(f"{API}/deployments", json=body),
        ours.http.get(f"{API}/adapters/{adapter}/export"),
    ):
        told = problem(response, 500, "damaged_adapter")
        assert adapter in told["detail"]
        assert "restore" in told["detail"]
    assert answers(theirs) == expected
    path.write_bytes(whole)
    assert answers(ours) == expected, "equal labels and rows: equal answers"
    ours.json("POST", f"{API}/deployments", 201, json=body)


def test_nothing_is_made_of_a_damaged_dataset_until_the_same_upload_puts_it_right(
    server: Any, problem: Callable[..., dict[str, Any]], until: Callable[..., Any]
) -> None:
    tenant = server.tenant()
    dataset, _ = unread_adapter(tenant, until)
    flip(server.home / "files" / "tenants" / tenant.id / "datasets" / f"{dataset}.jsonl")
    run = tenant.run(dataset)
    assert (run["state"], run["error"]["code"]) == ("failed", "damaged_dataset")
    assert dataset in run["error"]["detail"]
    query = {"task": "intent", "extends": dataset}
    more = tenant.http.post(f"{API}/datasets", params=query, content=b'{"text": "hello", "label": "parcel"}')
    problem(more, 500, "damaged_dataset")
    assert tenant.upload(rows_of(tenant))["id"] == dataset
    assert tenant.run(dataset)["state"] == "succeeded"
