"""One of each file that an installation keeps, and how the product reads it: what it then answers, or its refusal."""

import asyncio
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from podion.answers import Document
from podion.catalogue.catalogue import load_plugins
from podion.data.canonical import read_records
from podion.data.datasets import build
from podion.data.records import Accepted
from podion.finetuning.checkpoints import Checkpoint, Checkpoints
from podion.finetuning.prototypes import head_file, zero_shot
from podion.hosting.adapter_cache import LoadedAdapter
from podion.hosting.adapter_files import AdapterParts, Calibration, LoraFiles, read_adapter, write_adapter
from podion.hosting.answering import answer_rows
from podion.hosting.head_loading import load_head
from podion.lifecycle.intact import dataset_digest, intact_dataset, publish_dataset
from podion.nn import States
from podion.retrieval.collections import Collections, kind_of
from podion.storage import documents
from podion.storage.archive import MANIFEST, checked_archive
from podion.storage.backup import write_backup
from podion.storage.database import Connection, Database
from podion.storage.files import Files
from podion.tenancy.tenants import create
from podion.vertical import CollectionSpec

HIDDEN, RECORDS, DOCUMENTS, EPOCHS = 24, 40, 25, 3
QUESTIONS = ("when is counter 7 open", "number of parcel 3")
_NOTES = CollectionSpec(name="notes")
_TASK = "customer_service/intent"


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """Files of one kind. `read` returns what they answer, or raises what the product refuses them with.

    `right` is every answer that is not wrong: the undamaged one, and those of an older state that the product may go
    back to.
    """

    name: str
    files: tuple[Path, ...]
    read: Callable[[], Any]
    right: tuple[Any, ...] = ()


class Installation:
    """A state folder with one of everything."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.database = Database(f"sqlite:///{home / 'podion.sqlite'}")
        self.database.migrate()
        self.files = Files(home / "files")
        self.task = load_plugins().task(_TASK)[1]
        with self.database.writing() as c:
            self.tenant = create(c, "ada")[0].id

    def specimens(self) -> list[Specimen]:
        """Write one of each file and return them, each with its right answers."""
        made = [self._adapter(), self._lora(), self._checkpoints(), self._dataset(), self._index(), self._backup()]
        return [one if one.right else _with_answer(one) for one in made]

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def _adapter(self) -> Specimen:
        draw = np.random.default_rng(0)
        space = self.task.label_space(["parcel", "refund", "hours"])
        vectors = draw.normal(size=(3, HIDDEN)).astype(np.float32)
        parts = AdapterParts(
            card={"task": _TASK, "method": "head", "base": "b", "fingerprint": "f"},
            head=head_file(self.task, space, HIDDEN),
            head_tensors=zero_shot(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)),
            calibration=Calibration(temperature=0.7, threshold=0.4),
        )
        with self.files.staging() as staging:
            digest = write_adapter(staging / "adapter", parts)
            folder = self.files.adapter(self.tenant, digest)
            self.files.publish(staging / "adapter", folder)
        rows = torch.from_numpy(draw.normal(size=(8, HIDDEN)).astype(np.float32))

        def read() -> Any:
            read = read_adapter(folder, digest)
            adapter = LoadedAdapter(
                digest=digest,
                head=load_head(read.head, read.head_tensors, torch.device("cpu")),
                head_path=read.head.implementation,
                calibration=read.calibration,
                pooled=None,
                record=None,
                cut=None,
                nbytes=0,
            )
            return answer_rows(adapter, _states(rows), [{"text": "x"}] * len(rows))

        return Specimen(name="adapter", files=_files_in(folder), read=read)

    def _lora(self) -> Specimen:
        """One with tensors of LoRA, whose every value is an answer."""
        values = np.random.default_rng(1).normal(size=(4, HIDDEN)).astype(np.float32)
        parts = AdapterParts(
            card={"task": _TASK, "method": "lora", "base": "b", "fingerprint": "f"},
            head=head_file(self.task, self.task.label_space(["parcel", "refund"]), HIDDEN),
            head_tensors=zero_shot(values[:2]),
            calibration=Calibration(),
            lora=LoraFiles(config={"r": 2, "lora_alpha": 4}, tensors={"a": values}),
        )
        folder = self.home / "lora"
        digest = write_adapter(folder, parts)

        def read() -> Any:
            found = read_adapter(folder, digest)
            tensors = {name: tensor.tolist() for name, tensor in found.head_tensors.items()}
            lora = found.lora and (found.lora.config, {name: t.tolist() for name, t in found.lora.tensors.items()})
            return found.card, found.head, tensors, found.calibration, lora

        return Specimen(name="lora adapter", files=_files_in(folder), read=read)

    def _checkpoints(self) -> Specimen:
        folder = self.files.run(self.tenant, "run_1")
        checkpoints = Checkpoints(folder, "identity")
        states = {}
        for epoch in range(1, EPOCHS + 1):
            tensors = {"w": torch.full((16,), float(epoch)), "v": torch.arange(8) * epoch}
            checkpoints.save(Checkpoint(epoch, tensors, {"best": [0.1 * epoch]}))
            states[epoch] = (epoch, {name: tensor.tolist() for name, tensor in tensors.items()}, [0.1 * epoch])

        def read() -> Any:
            found = checkpoints.latest()
            if found is None:
                return None
            return found.epoch, {name: t.tolist() for name, t in found.tensors.items()}, found.numbers["best"]

        # None: the run begins at its start, and comes to the same bits.
        right = (states[EPOCHS], states[EPOCHS - 1], None)
        return Specimen(name="checkpoint", files=_files_in(folder), read=read, right=right)

    def _dataset(self) -> Specimen:
        rows = [{"text": f"where is parcel {n}", "label": "parcel" if n % 2 else "refund"} for n in range(RECORDS)]
        content = io.BytesIO()
        items = [Accepted(line, self.task.record.model_validate(row)) for line, row in enumerate(rows, start=1)]
        digest = dataset_digest(_TASK, build(self.task, items, content).digest)
        with self.files.staging() as staging:
            (staging / "dataset").write_bytes(content.getvalue())
            path = self.files.dataset(self.tenant, "dst_1")
            publish_dataset(self.files, staging / "dataset", path, _TASK, digest)

        def read() -> Any:
            return read_records(intact_dataset(self.files, self.tenant, "dst_1", _TASK, digest), self.task)

        return Specimen(name="dataset", files=(path,), read=read)

    def _index(self) -> Specimen:
        sent = [
            Document(
                id=f"doc-{n}", title=f"Notice {n}", text=f"Counter {n} is open on day {n % 7}. Parcel {n} is there."
            )
            for n in range(DOCUMENTS)
        ]
        cuts = asyncio.run(self._collections().cut_all(_NOTES, sent))

        def keep(c: Connection) -> None:
            for document, cut in zip(sent, cuts, strict=True):
                body = document.model_dump(mode="json")
                row = documents.put(c, self.tenant, "", kind_of("", _NOTES), body["id"], body)
                collections.put(c, self.tenant, "", _NOTES, row, cut)

        collections = self._collections()
        with self.database.writing() as c:
            keep(c)

        def read() -> Any:
            return asyncio.run(self._search())

        read()
        folder = next(self.files.root.glob(f"tenants/{self.tenant}/indexes/*"))
        return Specimen(name="index", files=_files_in(folder), read=read)

    async def _search(self) -> list[Any]:
        fresh = self._collections()
        found = [await fresh.search(self.tenant, "", _NOTES, query, 3) for query in QUESTIONS]
        await fresh.close()
        return [[hit.model_dump(mode="json") for hit in hits] for hits in found]

    def _collections(self) -> Collections:
        return Collections(database=self.database, files=self.files, embed=_embed, fingerprint=lambda: "made up")

    def _backup(self) -> Specimen:
        path = self.home / "backup.zip"
        write_backup(self.database, self.files, path, secrets={}, progress=lambda what, share: None)

        def read() -> Any:
            with checked_archive(path, lambda share: None) as archive:
                names = sorted(archive.manifest["members"])
                told = {name: b"".join(archive.chunks(name)) for name in names if name != MANIFEST}
                return told, {name: value for name, value in archive.manifest.items() if name != "members"}

        return Specimen(name="backup", files=(path,), read=read)


async def _embed(texts: Sequence[str], kind: str = "query", owner: str = "") -> NDArray[np.float32]:
    """A base that is made up: the sum of a vector a word."""
    rows = np.array([sum(_word(word) for word in ["", *text.lower().split()]) for text in texts], np.float32)
    found: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def _word(word: str) -> Any:
    seed = hashlib.sha256(word.encode()).digest()
    return np.frombuffer(seed * 2, np.uint8)[:HIDDEN].astype(np.float32) - 127.5


def _states(rows: torch.Tensor) -> States:
    none = torch.zeros(len(rows), 0)
    return States(
        pooled=rows, tokens=torch.zeros(len(rows), 0, HIDDEN), mask=none, offsets=torch.zeros(len(rows), 0, 2)
    )


def _files_in(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file()))


def _with_answer(specimen: Specimen) -> Specimen:
    return Specimen(name=specimen.name, files=specimen.files, read=specimen.read, right=(specimen.read(),))
