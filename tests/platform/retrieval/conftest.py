"""Collections over a base that is made up: the sum of a vector a word, so that searches cost nothing."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import BaseModel

from podion.answers import Document, Hit
from podion.retrieval.collections import Collections, kind_of
from podion.storage import documents
from podion.storage.database import Connection, Database
from podion.storage.files import Files
from podion.vertical import CollectionSpec

HIDDEN = 16
NOTES = CollectionSpec(name="notes")


class Base:
    """A base that can be exchanged for another one, and that counts what it embeds."""

    def __init__(self) -> None:
        self.fingerprint = "one"
        self.embedded = 0

    async def embed(self, texts: Sequence[str], kind: str = "query", owner: str = "") -> NDArray[np.float32]:
        self.embedded += len(texts)
        rows = np.array([sum(self._word(word) for word in ["", *text.lower().split()]) for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def _word(self, word: str) -> Any:
        seed = hashlib.sha256(f"{self.fingerprint} {word}".encode()).digest()
        return np.frombuffer(seed * 2, np.uint8)[: HIDDEN * 2].reshape(HIDDEN, 2).mean(axis=1) - 127.5


class Shelf:
    """What a store does with one kind of documents, for any tenant."""

    def __init__(self, database: Database, files: Files, base: Base, **settings: Any) -> None:
        self.database, self.files, self.base, self.settings = database, files, base, settings
        self.collections = self.opened()

    def opened(self) -> Collections:
        """Another process's collections over the same rows and files."""
        return Collections(
            database=self.database,
            files=self.files,
            embed=self.base.embed,
            fingerprint=lambda: self.base.fingerprint,
            **self.settings,
        )

    def reopen(self) -> None:
        """Go on as after a kill: nothing was closed."""
        self.collections = self.opened()

    def put(self, tenant: str, *sent: BaseModel, spec: CollectionSpec = NOTES, vertical: str = "") -> None:
        cuts = asyncio.run(self.collections.cut_all(spec, sent))

        def write(c: Connection) -> None:
            for document, cut in zip(sent, cuts, strict=True):
                body = document.model_dump(mode="json")
                row = documents.put(c, tenant, vertical, kind_of(vertical, spec), body["id"], body)
                self.collections.put(c, tenant, vertical, spec, row, cut)

        with self.database.writing() as c:
            write(c)

    def delete(self, tenant: str, id: str, spec: CollectionSpec = NOTES) -> None:
        with self.database.writing() as c:
            documents.delete(c, tenant, "", spec.name, id)
            self.collections.delete(c, tenant, "", spec, id)

    def search(self, tenant: str, query: str, **more: Any) -> list[Hit]:
        spec = more.pop("spec", NOTES)
        return asyncio.run(self.collections.search(tenant, more.pop("vertical", ""), spec, query, **more))

    def index_files(self) -> list[Path]:
        return sorted(path for path in self.files.root.glob("tenants/*/indexes/*/*") if path.is_file())


@pytest.fixture
def base() -> Base:
    return Base()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


@pytest.fixture
def shelf(database: Database, files: Files, base: Base) -> Shelf:
    return Shelf(database, files, base)


@pytest.fixture
def make_shelf() -> Callable[..., Shelf]:
    return Shelf


@pytest.fixture
def make_base() -> Callable[[], Base]:
    return Base


@pytest.fixture
def note() -> Callable[..., Document]:
    return lambda id, text, **more: Document(id=id, text=text, **more)
