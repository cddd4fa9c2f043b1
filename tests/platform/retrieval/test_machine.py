"""Whatever is done, in whatever order, by whichever process: a search is what brute force over the rows gives."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from podion.answers import Document
from podion.retrieval.collection_index import DENSE_SHARE
from podion.retrieval.cuts import searched_text
from podion.retrieval.lexical import LexicalIndex
from podion.storage import documents, segments, tenants
from podion.storage.database import Database
from podion.storage.files import Files

TENANTS = st.sampled_from(["ten_ours", "ten_theirs"])
IDS = st.sampled_from([f"d{number}" for number in range(6)])
WORDS = st.lists(st.sampled_from(["red", "green", "shoes", "付款", "card", "hours"]), min_size=1, max_size=5)
PROCESS = st.integers(0, 1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
BEFORE, AFTER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
TERMS = st.sampled_from(
    [{}, {}, {}, {"valid_to": BEFORE}, {"valid_from": AFTER}, {"valid_from": BEFORE, "valid_to": AFTER}]
)


def machine(folder: Path, make_shelf: Callable[..., Any], make_base: Callable[[], Any]) -> type[RuleBasedStateMachine]:
    class Searched(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.home = folder / str(len(list(folder.iterdir())))
            self.home.mkdir()
            shutil.copy(folder / "filled.sqlite", self.home / "podion.sqlite")
            self.database = Database(f"sqlite:///{self.home / 'podion.sqlite'}")
            self.base = make_base()
            self.shelves = [make_shelf(self.database, Files(self.home / "files"), self.base) for _ in range(2)]

        @rule(tenant=TENANTS, process=PROCESS, ids=st.sets(IDS, min_size=1, max_size=4), words=WORDS, terms=TERMS)
        def put(self, tenant: str, process: int, ids: set[str], words: list[str], terms: dict[str, Any]) -> None:
            text = f"{' '.join(words)} of {tenant}. " * (30 if "red" in words else 1)
            sent = [Document(id=id, text=f"{id} {text}", title=words[0], **terms) for id in sorted(ids)]
            self.shelves[process].put(tenant, *sent)

        @rule(tenant=TENANTS, process=PROCESS, id=IDS)
        def delete(self, tenant: str, process: int, id: str) -> None:
            self.shelves[process].delete(tenant, id)

        @rule(process=PROCESS)
        def kill(self, process: int) -> None:
            self.shelves[process].reopen()

        @rule(seed=st.integers(0, 99), how=st.sampled_from(["gone", "short", "bit", "old"]))
        def damage(self, seed: int, how: str) -> None:
            for place in self.shelves[0].index_files():
                content = bytearray(place.read_bytes())
                match how:
                    case "gone":
                        place.unlink()
                    case "short":
                        place.write_bytes(content[: len(content) // 2])
                    case "bit":
                        bit = Random(seed).randrange(8 * len(content))
                        content[bit // 8] ^= 1 << bit % 8
                        place.write_bytes(content)
                    case "old":
                        shutil.copytree(place.parent, self.home / "old" / place.parent.name, dirs_exist_ok=True)
            self.kill(0)

        @rule()
        def bring_back_old_files(self) -> None:
            for place in self.home.glob("old/*"):
                for there in self.home.glob(f"files/tenants/*/indexes/{place.name}"):
                    shutil.copytree(place, there, dirs_exist_ok=True)
            self.kill(1)

        @rule(name=st.sampled_from(["one", "two"]))
        def install_another_base(self, name: str) -> None:
            self.base.fingerprint = name

        @rule(tenant=TENANTS, process=PROCESS, words=WORDS, k=st.integers(1, 8))
        def search(self, tenant: str, process: int, words: list[str], k: int) -> None:
            self.compare(tenant, self.shelves[process], " ".join(words), k)

        @invariant()
        def every_process_finds_what_is_there(self) -> None:
            for shelf in self.shelves:
                for tenant in ("ten_ours", "ten_theirs"):
                    self.compare(tenant, shelf, "red shoes", 3)

        def compare(self, tenant: str, shelf: Any, query: str, k: int) -> None:
            hits = shelf.search(tenant, query, k=k, at=NOW)
            best = brute_force(self.database, self.base, tenant, query)[:k]
            assert [(hit.document, hit.start) for hit in hits] == [(one[1], one[2]) for one in best]
            assert np.allclose([hit.score for hit in hits], [one[0] for one in best], atol=1e-5)
            with self.database.reading() as c:
                for hit in hits:
                    row = documents.get(c, tenant, "", "notes", hit.document)
                    assert row is not None
                    assert row.body[hit.field][hit.start : hit.end] == hit.quote
                    assert tenant in row.body["text"]

        def teardown(self) -> None:
            self.database.close()
            shutil.rmtree(self.home)

    return Searched


def brute_force(database: Database, base: Any, tenant: str, query: str) -> list[tuple[float, str, int]]:
    """Every valid document's best segment, best first, out of rows alone."""
    import asyncio

    with database.reading() as c:
        collection = segments.get(c, tenant, "", "notes")
        rows = segments.since(c, collection, 0) if collection else []
        bodies = segments.documents_of(c, tenant, "", "notes", [row.document for row in rows])
    if not rows:
        return []
    texts = [searched_text(bodies[row.document].body, row.field, row.start, row.stop) for row in rows]
    lexical = LexicalIndex()
    lexical.add(np.array([row.number for row in rows]), texts)
    near = asyncio.run(base.embed(texts)) @ asyncio.run(base.embed([query]))[0]
    scores = np.clip(DENSE_SHARE * near + (1 - DENSE_SHARE) * lexical.scores(query), 0, 1)
    best: dict[str, tuple[float, str, int]] = {}
    for score, row in sorted(
        zip(scores.tolist(), rows, strict=True), key=lambda one: (-round(one[0], 5), one[1].number)
    ):
        body = Document.model_validate(bodies[row.document].body)
        if not (body.valid_from and body.valid_from > NOW) and not (body.valid_to and body.valid_to <= NOW):
            best.setdefault(row.document, (score, row.document, row.start))
    return list(best.values())


def test_a_search_is_what_brute_force_over_the_rows_gives(
    tmp_path: Path, make_shelf: Callable[..., Any], make_base: Callable[[], Any]
) -> None:
    folder = tmp_path / "machine"
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'filled.sqlite'}")
    database.migrate()
    with database.writing() as c:
        for name in ("ours", "theirs"):
            tenants.insert(c, tenants.TenantRow(id=f"ten_{name}", name=name))
    database.close()
    made = machine(folder, make_shelf, make_base)
    run_state_machine_as_test(made, settings=settings(max_examples=8, stateful_step_count=15, derandomize=True))


def test_the_comparison_can_fail(shelf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("ten_ours", Document(id="a", text="red shoes of ten_ours"), Document(id="b", text="green hours"))
    found = [(hit.document, hit.start) for hit in shelf.search("ten_ours", "red shoes", at=NOW)]
    assert found == [(one[1], one[2]) for one in brute_force(shelf.database, shelf.base, "ten_ours", "red shoes")]
    with shelf.database.writing() as c:
        collection = segments.get(c, "ten_ours", "", "notes")
        first, second = segments.since(c, collection, 0)
        segments.revector(c, collection, "one", {first.number: second.vector, second.number: first.vector})
    monkeypatch.setattr(shelf.collections, "_fingerprint", lambda: "one")
    scores = [hit.score for hit in shelf.search("ten_ours", "red shoes", at=NOW)]
    expected = [one[0] for one in brute_force(shelf.database, shelf.base, "ten_ours", "red shoes")]
    assert not np.allclose(scores, expected, atol=1e-3)
