"""What a plugin may keep, search, embed and review for a tenant, over HTTP, with a plugin that does all of it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

SITE = Path(__file__).parents[1] / "fixtures" / "diary" / "src"
NOTES = "/v1/diary/notes"


@pytest.fixture(scope="module")
def home(make_server: Any) -> Any:
    return make_server(PYTHONPATH=str(SITE))


@pytest.fixture
def ours(home: Any) -> Any:
    return home.tenant("diary")


@pytest.fixture
def theirs(home: Any) -> Any:
    return home.tenant("diary")


def keep(tenant: Any, text: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = tenant.json("POST", NOTES, 201, json={"text": text, **more})
    return made


def found(tenant: Any, words: str, **query: Any) -> list[str]:
    return [
        hit["document"] for hit in tenant.json("GET", "/v1/diary/search", 200, params={"q": words, **query})["data"]
    ]


def test_a_document_is_kept_replaced_listed_and_removed(ours: Any, theirs: Any, problem: Any) -> None:
    note = keep(ours, "Water the plants")
    assert note["id"].startswith("not_")
    assert ours.json("GET", f"{NOTES}/{note['id']}", 200) == note
    other = keep(ours, "Call the landlord", id="landlord", state="done")
    assert other["id"] == "landlord"
    keep(ours, "Call the landlord again", id="landlord", state="done")
    listed = ours.json("GET", NOTES, 200, params={"limit": 1})
    assert [each["text"] for each in listed["data"]] == ["Call the landlord again"]
    rest = ours.json("GET", NOTES, 200, params={"limit": 1, "cursor": listed["next"]})
    assert ([each["id"] for each in rest["data"]], rest["next"]) == ([note["id"]], None)
    assert [each["id"] for each in ours.json("GET", NOTES, 200, params={"state": "open"})["data"]] == [note["id"]]
    assert theirs.json("GET", NOTES, 200)["data"] == []
    for path in (f"{NOTES}/{note['id']}", f"{NOTES}/landlord"):
        mine = problem(theirs.http.get(path), 404, "not_found")
        none = problem(theirs.http.get(f"{NOTES}/nothing"), 404, "not_found")
        assert {**mine, "request_id": ""} == {**none, "request_id": ""}
        problem(theirs.http.delete(path), 404, "not_found")
    ours.json("DELETE", f"{NOTES}/landlord", 200)
    problem(ours.http.get(f"{NOTES}/landlord"), 404, "not_found")
    problem(ours.http.get(NOTES, params={"cursor": "bad"}), 422, "bad_cursor")


def test_a_search_finds_what_was_just_written_and_only_that(ours: Any, theirs: Any) -> None:
    plants = keep(ours, "Water the plants on the balcony every morning")["id"]
    keep(ours, "The invoice of the electricity company is due on Friday", id="invoice", state="done")
    keep(theirs, "Their secret: the electricity bill was never paid", id="secret")
    assert found(ours, "when do I pay for power?", k=1) == ["invoice"]
    assert found(ours, "gardening", k=1) == [plants]
    assert found(ours, "electricity", state="open") == [plants]
    hit = ours.json("GET", "/v1/diary/search", 200, params={"q": "electricity", "k": 1})["data"][0]
    text = ours.json("GET", f"{NOTES}/invoice", 200)["text"]
    assert text[hit["start"] : hit["end"]] == hit["quote"]
    assert hit["field"] == "text"
    assert 0 <= hit["score"] <= 1
    keep(ours, "The dentist expects us at nine", id="invoice")
    assert found(ours, "teeth doctor", k=1) == ["invoice"]
    assert ours.json("GET", "/v1/diary/search", 200, params={"q": "teeth", "k": 1})["data"][0]["version"] == "2"
    ours.json("DELETE", f"{NOTES}/invoice", 200)
    assert found(ours, "teeth doctor") == [plants]
    assert found(theirs, "plants") == ["secret"]


def test_an_update_is_atomic_and_what_it_raises_undoes_it(ours: Any, problem: Any) -> None:
    ours.json("PUT", "/v1/diary/count", 200)
    with ThreadPoolExecutor(8) as threads:
        raised = list(threads.map(lambda _: ours.http.post("/v1/diary/count").json()["value"], range(24)))
    assert sorted(raised) == list(range(1, 25))
    keep(ours, "closed", id="closed", state="done")
    path = f"{NOTES}/closed/lines"
    problem(ours.http.post(path, json={"text": "late"}), 409, "conflict")
    assert ours.json("GET", f"{NOTES}/closed", 200)["lines"] == []


def test_writers_of_a_searchable_document_lose_nothing(ours: Any) -> None:
    keep(ours, "shopping", id="list")
    start = threading.Barrier(4)

    def add(number: int) -> int:
        start.wait()
        return int(ours.http.post(f"{NOTES}/list/lines", json={"text": f"line {number}"}).status_code)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(add, range(4))) == [200] * 4
    assert sorted(ours.json("GET", f"{NOTES}/list", 200)["lines"]) == [f"line {number}" for number in range(4)]


def test_a_plugins_post_under_a_key_has_one_effect(ours: Any, theirs: Any) -> None:
    headers = {"Idempotency-Key": "once"}
    first = ours.http.post(NOTES, json={"text": "only once"}, headers=headers)
    again = ours.http.post(NOTES, json={"text": "only once"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(ours.json("GET", NOTES, 200)["data"]) == 1
    assert theirs.http.post(NOTES, json={"text": "only once"}, headers=headers).json()["id"] != first.json()["id"]


def test_personal_data_is_masked_before_it_is_kept(home: Any, ours: Any) -> None:
    note = keep(ours, "Ring me at +44 20 7946 0958 please")
    assert "7946" not in note["text"]
    assert "7946" not in ours.json("GET", f"{NOTES}/{note['id']}", 200)["text"]


def test_near_in_meaning_is_near_by_dot_product(ours: Any) -> None:
    texts = ["my parcel is late", "the package has not arrived", "I like jazz"]
    vectors = ours.json("POST", "/v1/diary/embed", 200, json={"texts": texts})["vectors"]
    dots = [sum(a * b for a, b in zip(vectors[0], other, strict=True)) for other in vectors]
    assert dots[0] == pytest.approx(1, abs=1e-5)
    assert dots[1] > dots[2] + 0.2


def test_a_review_becomes_a_record_of_the_next_dataset(ours: Any, theirs: Any, problem: Any) -> None:
    rows = [("meeting with the boss", "work"), ("mum's birthday", "family"), ("quarterly report", "work")]
    body = "".join(f'{{"text": "{text}", "label": "{label}"}}\n' for text, label in rows)
    made = ours.json("POST", "/v1/diary/datasets", 201, content=body, params={"task": "sort"})
    answers = [
        ours.json("POST", "/v1/diary/sort", 200, json={"text": text})["answers"][0]["prediction_id"]
        for text in ("dinner with my sister", "what is the weather like")
    ]
    ours.json("POST", "/v1/diary/review", 200, json={"prediction_id": answers[0], "label": "family"})
    ours.json("POST", "/v1/diary/review", 200, json={"prediction_id": answers[1], "out_of_scope": True})
    problem(theirs.http.post("/v1/diary/review", json={"prediction_id": answers[0], "label": "work"}), 404, "not_found")
    wrong = {"prediction_id": answers[1], "out_of_scope": True, "label": "work"}
    problem(ours.http.post("/v1/diary/review", json=wrong), 422, "unknown_label")
    grown = ours.json("POST", f"/v1/diary/datasets/{made['id']}:grow", 201, json={})
    assert grown["labels"] == {"family": 2, "work": 2}
    assert grown["rows"] == 5
    assert grown["report"]["out_of_scope"] == 1
