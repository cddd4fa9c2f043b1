"""What a crash costs: the engine's, the API's, the supervisor's; and what a polite end does."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import psutil
import pytest

API = "/v1/customer-service"
ROWS = [
    {"text": f"{text} {n}", "label": label}
    for label, text in (("delivery", "where is my parcel number"), ("refund", "i want my money back for order"))
    for n in range(8)
]


@pytest.fixture(scope="module")
def own(make_server: Callable[..., Any]) -> Any:
    """A server that these tests may break."""
    return make_server()


@pytest.fixture(scope="module")
def tenant(own: Any) -> Any:
    tenant = own.tenant()
    tenant.upload(ROWS)
    tenant.json("POST", f"{API}/parse", 200, json={"text": "where is my parcel"})
    return tenant


def test_it_says_that_it_lives_and_is_ready(own: Any) -> None:
    assert httpx.get(f"{own.url}/livez").json() == {"status": "alive"}
    ready = httpx.get(f"{own.url}/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "database": "ok", "engine": "ok", "quarantined": []}


def test_it_counts_by_route_and_never_by_tenant(own: Any, tenant: Any) -> None:
    tenant.json("POST", f"{API}/parse", 200, json={"texts": ["where is it", "money back"]})
    answer = httpx.get(f"{own.url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    text = answer.text
    assert f'podion_http_requests_total{{method="POST",route="{API}/parse",status="200"}}' in text
    counted = re.search(r'^podion_predictions_total\{task="customer_service/intent"\} (\S+)$', text, re.MULTILINE)
    assert counted is not None
    assert float(counted[1]) >= 3
    assert re.search(r"^podion_engine_up 1.0$", text, re.MULTILINE)
    for name in (tenant.id, tenant.name, tenant.key):
        assert name not in text


def test_a_killed_engine_costs_what_was_in_flight_and_nothing_else(
    own: Any, tenant: Any, processes: Any, until: Any, problem: Any
) -> None:
    answers: list[httpx.Response] = []
    stop = threading.Event()

    def keep_asking() -> None:
        with httpx.Client(base_url=own.url, headers=dict(tenant.http.headers), timeout=60) as client:
            while not stop.is_set():
                answers.append(client.post(f"{API}/parse", json={"texts": ["where is my parcel"] * 64}))

    askers = [threading.Thread(target=keep_asking) for _ in range(3)]
    for asker in askers:
        asker.start()
    until(lambda: len(answers) >= 4)
    before = processes(own)
    before["engine"].kill()
    killed = time.monotonic()
    until(lambda: any(answer.status_code == 503 for answer in answers))
    until(lambda: processes(own).get("engine", before["engine"]).pid != before["engine"].pid)
    assert time.monotonic() - killed < 2, "who waited was told, and it is starting again"
    assert tenant.json("GET", f"{API}/datasets", 200)["data"], "what needs no engine is served"
    assert httpx.get(f"{own.url}/livez").status_code == 200
    count = until(lambda: len(answers) if answers[-1].status_code == 200 and processes(own).get("engine") else 0)
    until(lambda: len(answers) > count + 3, seconds=120)
    stop.set()
    for asker in askers:
        asker.join(60)
    after = processes(own)
    assert after["engine"].pid != before["engine"].pid, "it is back by itself"
    assert after["api"].pid == before["api"].pid
    lost = [answer for answer in answers if answer.status_code != 200]
    assert lost
    for answer in lost:
        assert "engine" in problem(answer, 503, "unavailable")["detail"]
        assert int(answer.headers["retry-after"]) >= 1
    assert answers[-1].status_code == 200
    given = [each for answer in answers if answer.status_code == 200 for each in answer.json()["answers"]]
    assert len({(each["label"], each["confidence"]) for each in given}) == 1, (
        "the same text has the same answer, before and after"
    )


def test_a_killed_api_is_back_by_itself(own: Any, tenant: Any, processes: Any, until: Any) -> None:
    before = processes(own)["api"]
    before.kill()

    def answers() -> bool:
        try:
            return tenant.http.get(f"{API}/datasets").status_code == 200  # type: ignore[no-any-return]
        except httpx.HTTPError:
            return False

    until(lambda: not before.is_running() or before.status() == psutil.STATUS_ZOMBIE)
    until(answers)
    assert tenant.json("POST", f"{API}/parse", 200, json={"text": "where is my parcel"})["adapter"] == "zero-shot"


def test_a_second_server_on_the_same_state_is_refused(own: Any) -> None:
    environment = {**os.environ, "PODION_HOME": str(own.home), "PODION_BASE": "minilm-l6", "PODION_PORT": "0"}
    second = subprocess.run(
        [sys.executable, "-m", "podion", "serve"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert second.returncode != 0
    assert f"another podion serve has {own.home}" in second.stderr
    assert "PODION_HOME" in second.stderr
    assert "Traceback" not in second.stderr
    assert httpx.get(f"{own.url}/readyz").status_code == 200


def test_a_killed_supervisor_leaves_no_child_and_loses_no_run(
    own: Any, tenant: Any, processes: Any, until: Any
) -> None:
    dataset = tenant.json("GET", f"{API}/datasets", 200)["data"][0]["id"]
    body = {"task": "intent", "dataset": dataset, "method": "head"}
    run = tenant.json("POST", f"{API}/runs", 201, json=body)["id"]
    children = until(lambda: found if len(found := processes(own)) == 4 else None)
    own.kill()
    until(lambda: not any(alive(child) for child in children.values()), seconds=20)
    own.start()
    ended = tenant.wait(run)
    assert ended["state"] == "succeeded", ended
    assert tenant.json("GET", "/v1/usage", 200)["meters"]["runs"] == 1, "one run, one effect"


def test_a_run_whose_nursery_is_killed_is_done_by_another(own: Any, tenant: Any, processes: Any, until: Any) -> None:
    dataset = tenant.json("GET", f"{API}/datasets", 200)["data"][0]["id"]
    body = {"task": "intent", "dataset": dataset, "method": "head", "seed": 5}
    run = tenant.json("POST", f"{API}/runs", 201, json=body)["id"]
    before = until(lambda: found if "run" in (found := processes(own)) else None)
    assert before["run"].parent().pid == before["nursery"].pid
    assert "PODION_OPERATOR_KEY" not in before["nursery"].environ(), "it runs what plugins bring"
    before["nursery"].kill()
    ended = tenant.wait(run)
    assert (ended["state"], ended["attempts"]) == ("succeeded", 2), ended
    assert not alive(before["run"])
    assert processes(own)["nursery"].pid != before["nursery"].pid


def alive(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def test_a_polite_end_answers_what_was_asked_and_leaves_nothing(own: Any, tenant: Any, processes: Any) -> None:
    children = processes(own)
    answers: list[int] = []

    def ask() -> None:
        with httpx.Client(base_url=own.url, headers=dict(tenant.http.headers), timeout=60) as client:
            answers.append(client.post(f"{API}/parse", json={"texts": ["where is my parcel " * 60] * 128}).status_code)

    asker = threading.Thread(target=ask)
    asker.start()
    time.sleep(0.4)
    assert own.stop() == 0
    asker.join(60)
    assert answers == [200]
    assert not any(alive(child) for child in children.values())
    assert "Traceback" not in own.log
