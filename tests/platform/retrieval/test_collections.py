import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from podion.answers import Document
from podion.errors import DataError, PluginError
from podion.retrieval.collections import Collections
from podion.storage import documents, segments
from podion.storage.files import Files
from podion.vertical import CollectionSpec

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Note = Callable[..., Document]


class Faq(BaseModel):
    id: str = ""
    question: str
    answer: str | None = None
    locale: str = "en"


FAQ = CollectionSpec(name="faq", kind=Faq, texts=("question", "answer"), filters=("locale",))


def test_a_hit_says_where_it_stands(shelf: Any, note: Note) -> None:
    text = "First one sentence about shoes. " * 20 + "\n\nThen the opening hours of our shop are told in full length."
    shelf.put("ten_ours", note("a", text, title="T", url="https://x.example", version="7"), note("b", "other words"))
    (hit, other) = shelf.search("ten_ours", "opening hours of our shop")
    assert (hit.document, hit.version, hit.title, hit.url, hit.field) == ("a", "7", "T", "https://x.example", "text")
    assert text[hit.start : hit.end] == hit.quote
    assert "opening hours" in hit.quote
    assert 0 <= other.score < hit.score <= 1


def test_every_declared_field_is_searched_and_filters_come_before_the_cut(shelf: Any) -> None:
    english = [Faq(id=f"en{n}", question="how do i pay", answer=f"by card {n}") for n in range(30)]
    chinese = [Faq(id=f"zh{n}", question="怎么付款", answer="刷卡", locale="zh") for n in range(2)]
    shelf.put("ten_ours", *english, *chinese, Faq(id="bare", question="any"), spec=FAQ, vertical="v")
    hits = shelf.search("ten_ours", "how do i pay", spec=FAQ, vertical="v", where={"locale": "zh"}, k=5)
    assert sorted(hit.document for hit in hits) == ["zh0", "zh1"]
    (hit,) = shelf.search("ten_ours", "by card 17", spec=FAQ, vertical="v", k=1)
    assert (hit.document, hit.field, hit.quote) == ("en17", "answer", "by card 17")
    assert hit.version == "1"
    with pytest.raises(DataError, match="no filter 'answer'"):
        shelf.search("ten_ours", "x", spec=FAQ, vertical="v", where={"answer": "x"})


def test_what_is_not_valid_leaves_its_place_to_others(shelf: Any, note: Note) -> None:
    day = timedelta(days=1)
    over = [note(f"over{n}", "the very same words", valid_to=NOW) for n in range(80)]
    valid = [note("now", "the very same words", valid_from=NOW, valid_to=NOW + day), note("other", "same")]
    shelf.put("ten_ours", *over, *valid)
    assert [hit.document for hit in shelf.search("ten_ours", "the very same words", k=2, at=NOW)] == ["now", "other"]
    assert len(shelf.search("ten_ours", "the very same words", k=100, at=NOW - day)) == 81
    assert [hit.document for hit in shelf.search("ten_ours", "the very same words", at=NOW + day)] == ["other"]


def test_a_document_with_many_segments_is_one_hit(shelf: Any, note: Note) -> None:
    shelf.put("ten_ours", note("long", "the same words again and again. " * 2_000), note("a", "one"), note("b", "two"))
    hits = shelf.search("ten_ours", "the same words again", k=3)
    assert hits[0].document == "long"
    assert sorted(hit.document for hit in hits) == ["a", "b", "long"]


def test_a_cut_of_other_texts_is_refused(shelf: Any, note: Note) -> None:
    spec = CollectionSpec(name="notes")
    cut = asyncio.run(shelf.collections.cut(spec, note("a", "before")))
    with shelf.database.writing() as c:
        row = documents.put(c, "ten_ours", "", "notes", "a", note("a", "after").model_dump(mode="json"))
        with pytest.raises(ValueError, match="other texts"):
            shelf.collections.put(c, "ten_ours", "", spec, row, cut)


def test_a_field_that_is_no_text_is_the_plugins_fault(shelf: Any) -> None:
    class Odd(BaseModel):
        id: str = ""
        text: list[str]

    with pytest.raises(PluginError, match="field text of a Odd holds a list"):
        asyncio.run(shelf.collections.cut(CollectionSpec(name="odd", kind=Odd), Odd(text=["x"])))


def test_two_processes_see_each_others_writes_at_once(shelf: Any, note: Note) -> None:
    ours, theirs = shelf.collections, shelf.opened()
    for number in range(5):
        shelf.collections = (ours, theirs)[number % 2]
        shelf.put("ten_ours", note("a", f"words {number}"))
        for process in (ours, theirs):
            shelf.collections = process
            assert [hit.quote for hit in shelf.search("ten_ours", "words")] == [f"words {number}"]
    shelf.delete("ten_ours", "a")
    for process in (ours, theirs):
        shelf.collections = process
        assert shelf.search("ten_ours", "words") == []


def test_a_write_that_is_undone_is_not_found(shelf: Any, note: Note) -> None:
    spec = CollectionSpec(name="notes")
    shelf.put("ten_ours", note("a", "kept words"))
    cut = asyncio.run(shelf.collections.cut(spec, note("b", "lost words")))

    class Undone(Exception):
        pass

    with pytest.raises(Undone), shelf.database.writing() as c:
        row = documents.put(c, "ten_ours", "", "notes", "b", note("b", "lost words").model_dump(mode="json"))
        shelf.collections.put(c, "ten_ours", "", spec, row, cut)
        shelf.collections.delete(c, "ten_ours", "", spec, "a")
        raise Undone
    assert [hit.quote for hit in shelf.search("ten_ours", "lost words")] == ["kept words"]


def test_a_collection_of_the_same_name_begins_anew(shelf: Any, note: Note) -> None:
    spec = CollectionSpec(name="notes")
    shelf.put("ten_ours", *(note(f"a{n}", f"old words {n}") for n in range(5)))
    shelf.search("ten_ours", "words")
    with shelf.database.writing() as c:
        assert shelf.collections.drop(c, "ten_ours", "", spec)
        assert not shelf.collections.drop(c, "ten_ours", "", spec)
    assert shelf.index_files() == []
    assert shelf.search("ten_ours", "words") == []
    shelf.put("ten_ours", *(note(f"a{n}", f"new words {n}") for n in range(5)))
    assert all("new" in hit.quote for hit in shelf.search("ten_ours", "words"))


def test_another_base_embeds_anew_and_never_mixes(shelf: Any, note: Note) -> None:
    shelf.put("ten_ours", *(note(f"a{n}", f"words of note {n}") for n in range(250)))
    before = shelf.search("ten_ours", "words of note 7", k=3)
    shelf.base.fingerprint = "two"
    shelf.put("ten_ours", note("fresh", "a fresh note"))
    after = shelf.search("ten_ours", "words of note 7", k=3)
    assert after[0].quote == before[0].quote
    with shelf.database.reading() as c:
        row = segments.get(c, "ten_ours", "", "notes")
        assert {one.fingerprint for one in segments.since(c, row, 0)} == {"two"}
    count = shelf.base.embedded
    shelf.reopen()
    assert shelf.search("ten_ours", "words of note 7", k=3) == after
    assert shelf.base.embedded == count + 1


def test_documents_that_were_there_before_the_collection_are_found(shelf: Any) -> None:
    """A plugin's new version makes an old kind searchable, then searches another field of it."""
    with shelf.database.writing() as c:
        for number in range(60):
            body = Faq(id=f"f{number}", question=f"question {number}", answer=f"reply {number}").model_dump()
            documents.put(c, "ten_ours", "v", "Faq", body["id"], body)
    only = CollectionSpec(name="faq", kind=Faq, texts=("question",))
    assert shelf.search("ten_theirs", "question 3", spec=only, vertical="v") == []
    assert shelf.search("ten_ours", "question 3", spec=only, vertical="v")[0].document == "f3"
    hit = shelf.search("ten_ours", "reply 44", spec=FAQ, vertical="v", k=1)[0]
    assert (hit.document, hit.field) == ("f44", "answer")


def test_memory_is_bounded_and_what_is_forgotten_is_loaded_again(
    make_shelf: Callable[..., Any], database: Any, files: Files, base: Any, note: Note
) -> None:
    shelf = make_shelf(database, files, base, memory_bytes=1)
    for tenant in ("ten_ours", "ten_theirs"):
        shelf.put(tenant, note("a", f"words of {tenant}"))
    for tenant in ("ten_ours", "ten_theirs", "ten_ours"):
        assert [hit.quote for hit in shelf.search(tenant, "words")] == [f"words of {tenant}"]
        assert list(shelf.collections.loaded) == [(tenant, "", "notes")]


def test_sweeping_removes_the_files_of_collections_that_are_gone(shelf: Any, note: Note) -> None:
    shelf.put("ten_ours", note("a", "words"))
    shelf.search("ten_ours", "words")
    kept = shelf.index_files()
    orphan = shelf.files.index("ten_ours", "col_gone")
    orphan.mkdir()
    (orphan / "index.npz").write_bytes(b"x")
    assert shelf.collections.sweep() == 1
    assert shelf.index_files() == kept != []


def test_many_searches_and_writes_at_once(shelf: Any, note: Note) -> None:
    spec, collections = CollectionSpec(name="notes"), shelf.collections

    async def put(number: int) -> None:
        document = note(f"a{number}", f"words {number}")
        cut = await collections.cut(spec, document)

        def write(c: Any) -> None:
            row = documents.put(c, "ten_ours", "", "notes", document.id, document.model_dump(mode="json"))
            collections.put(c, "ten_ours", "", spec, row, cut)

        await shelf.database.write(write)
        found = await collections.search("ten_ours", "", spec, f"words {number}", 50)
        assert document.id in [hit.document for hit in found]

    async def all_at_once() -> None:
        await asyncio.gather(*(put(number) for number in range(25)))

    asyncio.run(all_at_once())


def test_closing_lets_go_of_what_is_embedded_anew(shelf: Any, note: Note, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("ten_ours", note("a", "words"))
    shelf.base.fingerprint = "two"
    collections: Collections = shelf.collections

    async def stuck() -> None:
        embed = shelf.base.embed

        async def slow(texts: Any, kind: str, owner: str) -> Any:
            if kind == "passage":
                await asyncio.sleep(60)
            return await embed(texts, kind)

        monkeypatch.setattr(collections, "_embed", slow)
        search = asyncio.create_task(collections.search("ten_ours", "", CollectionSpec(name="notes"), "words"))
        await asyncio.sleep(0.3)
        await collections.close()
        with pytest.raises(asyncio.CancelledError):
            await search

    asyncio.run(stuck())
