"""Whatever is sent, the answer says what is wrong and what to do, nothing of it is kept, and the server serves on."""

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

API = "/v1/customer-service"
CSV = "text,label\nwhere is my parcel,delivery_delay\ni want my money back,refund\n"
GBK = "text,label\n我的包裹在哪里,物流\n我要退款,退款\n".encode("gbk")
LONG_LINE = b'{"text": "' + b"x" * 10_000_000 + b'", "label": "refund"}\n'
TWO = [{"text": "where is my parcel", "label": "delivery"}, {"text": "i want my money back", "label": "refund"}]


@pytest.fixture(autouse=True)
def nothing_is_kept(shop: Any) -> Iterator[None]:
    """Around every test: the shop's lists and bill stay as they are, and it is served afterwards."""
    before = shop.lists()
    yield
    assert shop.lists() == before
    answer = shop.tenant.json("POST", f"{API}/parse", 200, json={"text": "please cancel my order"})
    assert answer["adapter"] == shop.adapter


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def upload(tenant: Any, body: bytes, **query: Any) -> httpx.Response:
    answer = tenant.http.post(f"{API}/datasets", params={"task": "intent", **query}, content=body)
    assert isinstance(answer, httpx.Response)
    return answer


def post(tenant: Any, path: str, body: Any, **headers: str) -> httpx.Response:
    answer = tenant.http.post(f"{API}/{path}", json=body, headers=headers)
    assert isinstance(answer, httpx.Response)
    return answer


FILES = {
    "an empty file": (b"", 422, "empty_upload", ["empty", "CSV", "JSONL"]),
    "blank lines": (b"\n \n\r\n", 422, "empty_file", ["empty"]),
    "a header and no rows": (b"text,label\n", 422, "empty_file", ["no rows", "header"]),
    "UTF-16": (CSV.encode("utf-16"), 422, "wrong_encoding", ["UTF-16", "UTF-8"]),
    "a workbook": (b"PK\x03\x04" + bytes(40), 422, "wrong_encoding", ["Excel", "CSV"]),
    "an empty gzip": (gzip.compress(b""), 422, "empty_file", ["empty"]),
    "a gzip bomb": (gzip.compress(b"text,label\n" + b"a" * 60_000_000), 413, "looks_like_a_bomb", ["bomb", "times"]),
    "gzip in gzip": (gzip.compress(gzip.compress(CSV.encode())), 422, "wrong_encoding", ["twice"]),
    "a gzip file cut off": (gzip.compress(CSV.encode())[:-12], 422, "broken_gzip", ["cut off", "rows had been read"]),
    "GBK only": (GBK, 422, "no_rows", ["line 2", "GBK", "UTF-8"]),
    "10 MB on one line": (LONG_LINE, 422, "no_rows", ["10,000,0", "bytes", "line 1"]),
    "no good row": (lines([{"text": ""}, {"txt": "hi"}]), 422, "no_rows", ["none of 2 rows", "line 1", "line 2"]),
    "an unknown column": (b"text,labl\nhi,refund\n", 422, "unknown_column", ["labl", "label", "drop", "map"]),
    "no column for text": (b"words,label\nhi,refund\n", 422, "unknown_column", ["words"]),
    "JSON that is no object": (b"[1, 2]\n3\n", 422, "no_rows", ["line 1"]),
    "binary": (bytes(range(256)) * 4, 422, None, []),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_used(name: str, shop: Any, problem: Any) -> None:
    body, status, code, words = FILES[name]
    answer = upload(shop.tenant, body)
    document = problem(answer, status, code or answer.json()["code"])
    for word in words:
        assert word in document["detail"]


@pytest.mark.parametrize(
    ("query", "status", "code", "word"),
    [
        ({"task": "intents"}, 422, "unknown_task", "intent, slots"),
        ({"task": "x" * 65}, 422, "bad_request", "64"),
        ({"map": "label"}, 422, "bad_data", "field=column"),
        ({"map": "label=kind"}, 422, None, "kind"),
        ({"map": "lable=label"}, 422, None, "lable"),
        ({"extends": "dst_" + "0" * 26}, 404, "not_found", "dataset"),
    ],
)
def test_an_upload_that_asks_for_what_is_not_there(
    query: dict[str, str], status: int, code: str | None, word: str, shop: Any, problem: Any
) -> None:
    answer = upload(shop.tenant, CSV.encode(), **query)
    assert word in problem(answer, status, code or answer.json()["code"])["detail"]


def test_an_upload_without_a_task(shop: Any, problem: Any) -> None:
    document = problem(shop.tenant.http.post(f"{API}/datasets", content=CSV.encode()), 422, "bad_request")
    assert [fault["pointer"] for fault in document["errors"]] == ["/query/task"]


def test_a_form_without_a_file(shop: Any, problem: Any) -> None:
    answer = shop.tenant.http.post(f"{API}/datasets", params={"task": "intent"}, files={"data": b"text\nhi\n"})
    assert "`file`" in problem(answer, 422, "bad_data")["detail"]


def test_the_good_rows_among_bad_ones_are_kept(server: Any) -> None:
    tenant = server.tenant()
    bad = [b"\xce\xd2\xb5\xc4\xb0\xfc\xb9\xfc\n", LONG_LINE, b'{"text": "hi", "lable": "refund"}\n']
    good = [lines([row]) for row in TWO]
    made = tenant.json(
        "POST", f"{API}/datasets", 201, params={"task": "intent"}, content=b"".join([good[0], *bad, good[1]])
    )
    assert (made["rows"], made["report"]["refused"]) == (2, 3)
    errors = tenant.json("GET", f"{API}/datasets/{made['id']}/errors", 200)["data"]
    assert [(error["line"], error["field"]) for error in errors] == [(2, None), (3, None), (4, "lable")]
    gbk, long, unknown = (error["reason"] for error in errors)
    assert "GBK" in gbk and "UTF-8" in gbk
    assert "10,000,0" in long
    assert "label" in unknown


def test_a_column_that_is_dropped_or_mapped_is_no_error(server: Any) -> None:
    tenant = server.tenant()
    body = b"words,label,channel\nwhere is it,delivery,chat\nmoney back,refund,mail\n"
    made = upload(tenant, body, map="text=words", drop="channel")
    assert made.status_code == 201, made.text
    assert made.json()["labels"] == {"delivery": 1, "refund": 1}


def test_the_same_rows_again_with_other_bad_ones_report_these(server: Any) -> None:
    tenant = server.tenant()
    first = upload(tenant, lines(TWO)).json()
    second = upload(tenant, lines([*TWO, {"text": ""}]))
    assert second.status_code == 201
    assert second.json()["id"] == first["id"], "the same records are the same version"
    assert [(error["line"], error["field"]) for error in second.json()["errors"]] == [(3, "text")]
    assert tenant.json("GET", "/v1/usage", 200)["meters"] == {"rows_uploaded": 2}


# Runs.


def test_one_label_is_a_warning_and_no_run(server: Any, problem: Any) -> None:
    tenant = server.tenant()
    made = tenant.upload([{"text": f"text {n}", "label": "refund"} for n in range(20)])
    [warning] = [each for each in made["report"]["warnings"] if "at least two" in each]
    assert "refund" in warning
    answer = post(tenant, "runs", {"task": "intent", "dataset": made["id"], "method": "head"})
    assert "refund" in problem(answer, 422, "too_few_labels")["detail"]
    answer = post(tenant, "parse", {"text": "hello"})
    assert "upload" in problem(answer, 409, "untrained")["detail"]


def test_a_run_without_labels_has_no_rows_to_learn_from(server: Any, problem: Any) -> None:
    tenant = server.tenant()
    made = tenant.upload([{"text": f"text {n}"} for n in range(20)])
    answer = post(tenant, "runs", {"task": "intent", "dataset": made["id"], "method": "head"})
    problem(answer, 422, "too_few_labels")
    assert tenant.json("GET", f"{API}/runs", 200) == {"data": [], "next": None}


def test_a_label_used_once_is_a_warning_with_a_guess_and_its_run_works(
    server: Any, utterances: list[dict[str, Any]]
) -> None:
    tenant = server.tenant()
    made = tenant.upload([*utterances, {"text": "do not send it after all", "label": "cancel_ordr"}])
    [warning] = [each for each in made["report"]["warnings"] if "cancel_ordr" in each]
    assert "used once" in warning
    assert 'did you mean "cancel_order"' in warning
    run = tenant.run(made["id"])
    assert run["state"] == "succeeded", run
    assert run["report"]["metrics"]["test"]["accuracy"] > 0.5


@pytest.mark.parametrize("method", ["adalora", "magic", ""])
def test_a_method_that_the_task_does_not_take(method: str, shop: Any, problem: Any) -> None:
    answer = post(shop.tenant, "runs", {"task": "intent", "dataset": shop.dataset, "method": method})
    detail = problem(answer, 422, "method_not_allowed")["detail"]
    assert "auto, zero-shot, few-shot, head, lora" in detail


@pytest.mark.parametrize(
    ("change", "status", "code", "word"),
    [
        ({"task": "slots"}, 422, "wrong_task", "customer_service/intent"),
        ({"task": "intentt"}, 422, "unknown_task", "intent, slots"),
        ({"dataset": "dst_nobodys"}, 404, "not_found", "dataset"),
        ({"dataset": None}, 422, "bad_request", "/dataset"),
        ({"seed": -1}, 422, "bad_request", "/seed"),
        ({"base": "no-such-base"}, None, None, "no-such-base"),
    ],
)
def test_a_run_that_could_not_succeed_is_not_queued(
    change: dict[str, Any], status: int | None, code: str | None, word: str, shop: Any, problem: Any
) -> None:
    answer = post(shop.tenant, "runs", {"task": "intent", "dataset": shop.dataset, "method": "head", **change})
    document = problem(answer, status or answer.status_code, code or answer.json()["code"])
    assert document["status"] in (404, 422)
    assert word in document["detail"]


# Deployments.


def test_a_deployment_needs_an_adapter_of_ones_own_that_is_finished(
    server: Any, shop: Any, opposite: Any, utterances: list[dict[str, Any]], problem: Any
) -> None:
    tenant = server.tenant()
    dataset = tenant.upload(utterances)["id"]
    run = tenant.json("POST", f"{API}/runs", 201, json={"task": "intent", "dataset": dataset, "method": "lora"})
    said = set()
    for adapter in (run["id"], opposite.adapter, "0" * 64, "", "../../etc/passwd"):
        document = problem(post(tenant, "deployments", {"task": "intent", "adapter": adapter}), 404, "not_found")
        said.add(document["detail"])
    assert len(said) == 1, "nothing tells a foreign adapter from one that is not there"
    assert tenant.json("GET", f"{API}/deployments", 200)["data"] == []
    tenant.json("POST", f"{API}/runs/{run['id']}:cancel", 200)
    ended = tenant.wait(run["id"])
    assert ended["state"] == "cancelled"
    assert ended["adapter"] is None
    assert "runs" not in tenant.json("GET", "/v1/usage", 200)["meters"]


@pytest.mark.parametrize(
    ("change", "status", "code", "word"),
    [
        ({"task": "slots"}, 422, "wrong_task", "customer_service/intent"),
        ({"task": "nothing"}, 422, "unknown_task", "intent, slots"),
        ({"mode": "shadow"}, 422, "unknown_mode", "live"),
        ({"mode": 7}, 422, "bad_request", "/mode"),
        ({"adapter": 7}, 422, "bad_request", "/adapter"),
    ],
)
def test_a_deployment_of_the_wrong_kind(
    change: dict[str, Any], status: int, code: str, word: str, shop: Any, problem: Any
) -> None:
    answer = post(shop.tenant, "deployments", {"task": "intent", "adapter": shop.adapter, **change})
    assert word in problem(answer, status, code)["detail"]


def test_there_is_nothing_before_the_first_deployment(opposite: Any, problem: Any) -> None:
    problem(post(opposite.tenant, f"deployments/{opposite.deployment}:rollback", None), 409, "nothing_before")


# Whatever has a shape.


@pytest.mark.parametrize("path", ["datasets", "runs", "adapters", "deployments"])
@pytest.mark.parametrize("cursor", ["", "garbage", "épée", base64.urlsafe_b64encode(b"2:dst_1").decode(), "===="])
def test_a_cursor_that_is_not_ours(path: str, cursor: str, shop: Any, problem: Any) -> None:
    problem(shop.tenant.http.get(f"{API}/{path}", params={"cursor": cursor}), 422, "bad_cursor")


def test_a_cursor_of_another_list(shop: Any, problem: Any) -> None:
    cursor = base64.urlsafe_b64encode(b"1:dst_1").decode()
    problem(shop.tenant.http.get(f"{API}/datasets/{shop.dataset}/errors", params={"cursor": cursor}), 422, "bad_cursor")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "ten"])
def test_a_page_of_no_size(limit: str, shop: Any, problem: Any) -> None:
    problem(shop.tenant.http.get(f"{API}/datasets", params={"limit": limit}), 422, "bad_request")


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_an_idempotency_key_of_no_use(key: str, shop: Any, problem: Any) -> None:
    body = {"task": "intent", "dataset": shop.dataset, "method": "head"}
    answer = shop.tenant.http.post(f"{API}/runs", json=body, headers={"Idempotency-Key": key})
    assert "1 to 255" in problem(answer, 422, "bad_data")["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"text": "hi", "texts": ["hi"]}, ""),
        ({"text": "   "}, "/text"),
        ({"text": "x" * 2_001}, "/text"),
        ({"texts": []}, "/texts"),
        ({"texts": ["hi", ""]}, "/texts/1"),
        ({"texts": ["hi"] * 257}, "/texts"),
        ({"text": "hi", "tenant": "ten_other"}, "/tenant"),
        ([], ""),
        (None, ""),
    ],
)
def test_a_parse_of_no_utterance(body: Any, pointer: str, shop: Any, problem: Any) -> None:
    document = problem(post(shop.tenant, "parse", body), 422, "bad_request")
    assert pointer in [fault["pointer"] for fault in document["errors"]]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b'{"text": "\\ud800"}', b'{"text": NaN}'])
def test_a_body_that_is_no_json(body: bytes, shop: Any, problem: Any) -> None:
    answer = shop.tenant.http.post(f"{API}/parse", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    problem(answer, answer.status_code, answer.json()["code"])


def test_a_body_without_end(shop: Any, problem: Any) -> None:
    body = b'{"text": "' + b"x" * (5 << 20) + b'"}'
    answer = shop.tenant.http.post(f"{API}/parse", content=body, headers={"Content-Type": "application/json"})
    problem(answer, 413, "too_large")


@pytest.mark.parametrize("change", [{"label": None}, {"label": ""}, {"value": "good"}, {"label": "x" * 201}])
def test_feedback_that_says_nothing(change: dict[str, Any], shop: Any, problem: Any) -> None:
    body = {"prediction_id": shop.prediction, "label": None, **change}
    problem(post(shop.tenant, "feedback", body), 422, "bad_request")


@pytest.mark.parametrize("path", ["datasets/%00", "runs/..%2f..", "adapters/" + "a" * 64 + "/export", "nothing/here"])
def test_a_path_that_leads_nowhere(path: str, shop: Any, problem: Any) -> None:
    problem(shop.tenant.http.get(f"{API}/{path}"), 404, "not_found")


def test_a_method_that_a_path_does_not_take(shop: Any, problem: Any) -> None:
    problem(shop.tenant.http.delete(f"{API}/datasets"), 405, "method_not_allowed")
