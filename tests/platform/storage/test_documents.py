from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podion.storage import documents
from podion.storage.database import Connection

OURS, THEIRS = "ten_ours", "ten_theirs"
V, K = "care", "Note"


def put(c: Connection, tenant: str, id: str, **body: Any) -> documents.DocumentRow:
    return documents.put(c, tenant, V, K, id, {"id": id, **body})


def ids(rows: list[documents.DocumentRow]) -> list[str]:
    return [row.id for row in rows]


def test_a_document_is_replaced_in_its_place_and_counted(connection: Connection) -> None:
    first = put(connection, OURS, "a", words="old")
    put(connection, OURS, "b", words="other")
    second = put(connection, OURS, "a", words="new")
    assert (first.revision, second.revision) == (1, 2)
    assert second.created_at == first.created_at <= second.updated_at
    assert documents.get(connection, OURS, V, K, "a") == second
    assert ids(documents.page(connection, OURS, V, K)) == ["b", "a"]


def test_a_document_is_its_tenants_verticals_and_kinds_alone(connection: Connection) -> None:
    put(connection, OURS, "a", words="ours")
    put(connection, THEIRS, "a", words="theirs")
    found = documents.get(connection, OURS, V, K, "a")
    assert found is not None and found.body["words"] == "ours"
    assert documents.get(connection, OURS, "other", K, "a") is None
    assert documents.get(connection, OURS, V, "Other", "a") is None
    assert documents.delete(connection, OURS, V, K, "a")
    assert not documents.delete(connection, OURS, V, K, "a")
    assert ids(documents.page(connection, THEIRS, V, K)) == ["a"]


def test_pages_are_newest_first_and_meet(connection: Connection) -> None:
    for name in "abcde":
        put(connection, OURS, name)
    first = documents.page(connection, OURS, V, K, limit=2)
    second = documents.page(connection, OURS, V, K, after=first[-1].position, limit=9)
    assert ids(first) + ids(second) == list("edcba")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"state": "open"}, ["both", "open"]),
        ({"state": "open", "urgent": True}, ["both"]),
        ({"urgent": False}, ["open"]),
        ({"score": 3}, ["both"]),
        ({"weight": 0.5}, ["open"]),
        ({"state": None}, ["none"]),
        ({"missing": None}, ["none", "both", "open"]),
        ({"state": "o' OR 1=1 --"}, []),
        ({"state') OR 1=1 --": "open"}, []),
    ],
)
def test_a_page_holds_what_equals(connection: Connection, where: dict[str, Any], expected: list[str]) -> None:
    put(connection, OURS, "open", state="open", urgent=False, weight=0.5)
    put(connection, OURS, "both", state="open", urgent=True, score=3)
    put(connection, OURS, "none", state=None)
    put(connection, THEIRS, "theirs", state="open", urgent=True, score=3)
    assert ids(documents.page(connection, OURS, V, K, where)) == expected


def test_a_filter_of_another_type_than_the_field_finds_nothing_and_breaks_nothing(connection: Connection) -> None:
    put(connection, OURS, "words", held="many")
    put(connection, OURS, "list", held=["many"])
    put(connection, OURS, "number", held=1.5)
    for value in (1, 2.5, True, False, "x"):
        assert documents.page(connection, OURS, V, K, {"held": value}) == []
    assert ids(documents.page(connection, OURS, V, K, {"held": 1.5})) == ["number"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_any_text_comes_back_and_is_found_by_itself(connection: Connection, text: str) -> None:
    put(connection, OURS, "any", words=text)
    found = documents.page(connection, OURS, V, K, {"words": text})
    assert [row.body["words"] for row in found] == [text]


def test_many_are_put_as_one_by_one(connection: Connection) -> None:
    first = documents.put(connection, "ten_ours", "diary", "Note", "a", {"id": "a", "n": 0})
    documents.put(connection, "ten_theirs", "diary", "Note", "b", {"id": "b", "n": 0})
    bodies = {id: {"id": id, "n": number} for number, id in enumerate("abc", 1)}
    documents.put_many(connection, "ten_ours", "diary", "Note", bodies)
    found = documents.page(connection, "ten_ours", "diary", "Note")
    assert [(row.id, row.body["n"], row.revision) for row in found] == [("c", 3, 1), ("b", 2, 1), ("a", 1, 2)]
    assert found[2].position == first.position and found[2].updated_at > first.updated_at
    theirs = documents.get(connection, "ten_theirs", "diary", "Note", "b")
    assert theirs is not None and theirs.body["n"] == 0
    documents.put_many(connection, "ten_ours", "diary", "Note", {})
