import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from podion.errors import StorageFull
from podion.retrieval.index_files import IndexFiles, Manifest

WORDS = ("return", "shoes", "card", "hours", "pay", "open", "gift", "sale", "member", "parking")


@pytest.fixture
def kind() -> str:
    """Files are the same beside any database."""
    return "sqlite"


@pytest.fixture
def filled(shelf: Any, note: Callable[..., Any]) -> Any:
    shelf.put("ten_ours", *(note(f"n{n}", " ".join(random.Random(n).sample(WORDS, 4))) for n in range(40)))
    shelf.expected = shelf.search("ten_ours", "open hours", k=40)
    assert [path.name for path in shelf.index_files()] == ["index.npz", "manifest.json"]
    return shelf


def answers(shelf: Any) -> None:
    """A process that begins now answers as before, whatever became of the files, and leaves good ones."""
    shelf.reopen()
    assert shelf.search("ten_ours", "open hours", k=40) == shelf.expected
    shelf.reopen()
    assert shelf.search("ten_ours", "open hours", k=40) == shelf.expected
    assert [path.name for path in shelf.index_files()[:2]] == ["index.npz", "manifest.json"]


def test_a_good_file_is_used(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from podion.storage import segments

    monkeypatch.setattr(segments, "since", lambda _c, _row, generation: [] if generation else pytest.fail("rebuilt"))
    filled.reopen()
    assert filled.search("ten_ours", "open hours", k=40) == filled.expected


@pytest.mark.parametrize("name", ["index.npz", "manifest.json"])
def test_a_file_that_is_gone_or_short_or_empty_is_made_again(filled: Any, name: str) -> None:
    for damage in (Path.unlink, lambda p: p.write_bytes(p.read_bytes()[:-7]), lambda p: p.write_bytes(b"")):
        (place,) = [path for path in filled.index_files() if path.name == name]
        damage(place)
        answers(filled)
    shutil.rmtree(place.parent)
    answers(filled)


def test_any_flipped_bit_is_seen(filled: Any) -> None:
    """Some bits of the index and of the manifest, through the part that reads files; benchmarks/durability has more."""
    reader = IndexFiles(filled.files)
    contents = {path: path.read_bytes() for path in filled.index_files()}
    for place, content in contents.items():
        for bit in random.Random(1).sample(range(8 * len(content)), 120):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            place.write_bytes(flipped)
            assert reader.load("ten_ours", place.parent.name) is None, (place.name, bit)
            assert not place.parent.exists()
            place.parent.mkdir()
            for path, good in contents.items():
                path.write_bytes(good)
    assert reader.load("ten_ours", place.parent.name) is not None


def test_a_file_of_an_earlier_moment_is_brought_up_to_date(filled: Any, note: Callable[..., Any]) -> None:
    old = {path: path.read_bytes() for path in filled.index_files()}
    filled.put("ten_ours", note("n1", "other words"), note("new", "open hours"))
    filled.delete("ten_ours", "n2")
    filled.expected = filled.search("ten_ours", "open hours", k=40)
    for path, content in old.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    answers(filled)
    assert "new" in [hit.document for hit in filled.expected]
    assert "n2" not in [hit.document for hit in filled.expected]


def test_a_file_of_another_collection_is_not_believed(filled: Any, note: Callable[..., Any]) -> None:
    filled.put("ten_theirs", *(note(f"n{n}", "their open hours") for n in range(40)))
    filled.search("ten_theirs", "open hours")
    ours, theirs = (next(filled.files.root.glob(f"tenants/{t}/indexes/*")) for t in ("ten_ours", "ten_theirs"))
    for path in theirs.iterdir():
        shutil.copy(path, ours / path.name)
    answers(filled)


def test_a_well_sealed_file_that_is_not_these_rows_is_not_believed(filled: Any) -> None:
    """As after a restore: the file knows of segments that were never written, and lacks others."""
    reader, place = IndexFiles(filled.files), filled.index_files()[0].parent
    manifest, arrays = reader.load("ten_ours", place.name)
    from podion.retrieval.collection_index import CollectionIndex
    from podion.retrieval.index import VectorIndex
    from podion.retrieval.lexical import LexicalIndex

    vectors, lexical = VectorIndex.of(arrays.pop("vectors")), LexicalIndex.of(arrays)
    gone = vectors.numbers[:3]
    kept = vectors.vectors(gone)
    vectors.remove(gone)
    lexical.keep(~np.isin(lexical.numbers, gone))
    vectors.add(np.array([7]), kept[:1])
    lexical.numbers = np.concatenate([[7], lexical.numbers])[: len(lexical)]
    index = CollectionIndex(fingerprint="one", vectors=vectors, lexical=lexical, generation=manifest.generation)
    assert reader.save("ten_ours", manifest, index.arrays())
    answers(filled)


def test_a_well_sealed_file_without_an_index_is_not_believed(filled: Any) -> None:
    reader, place = IndexFiles(filled.files), filled.index_files()[0].parent
    manifest, arrays = reader.load("ten_ours", place.name)
    for less in ({"vectors": np.zeros(9, np.uint8)}, {"data": arrays["data"][:-1]}):
        reader.save("ten_ours", manifest, {**arrays, **less})
        answers(filled)
    del arrays["indptr"]
    reader.save("ten_ours", manifest, arrays)
    answers(filled)


def test_a_segment_without_its_document_is_not_found(filled: Any) -> None:
    from podion.storage import documents

    with filled.database.writing() as c:
        assert documents.delete(c, "ten_ours", "", "notes", "n3")
    filled.expected = [hit for hit in filled.expected if hit.document != "n3"]
    filled.reopen()
    assert len(filled.search("ten_ours", "open hours", k=40)) == 39
    shutil.rmtree(filled.index_files()[0].parent)
    filled.reopen()
    assert "n3" not in [hit.document for hit in filled.search("ten_ours", "open hours", k=40)]


def test_no_room_for_a_file_fails_no_search(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageFull("full")

    shutil.rmtree(filled.index_files()[0].parent)
    filled.reopen()
    monkeypatch.setattr(filled.files, "publish", full)
    assert filled.search("ten_ours", "open hours", k=40) == filled.expected
    assert filled.index_files() == []


def test_a_seal_covers_every_field() -> None:
    one = Manifest(collection="c", generation=1, fingerprint="f", recipe="r", count=1)
    others = [
        Manifest(collection="d", generation=1, fingerprint="f", recipe="r", count=1),
        Manifest(collection="c", generation=2, fingerprint="f", recipe="r", count=1),
        Manifest(collection="c", generation=1, fingerprint="f", recipe="r", count=1, sha256="x"),
    ]
    assert len({one.seal, *(other.seal for other in others)}) == 4
