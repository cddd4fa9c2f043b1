"""The file of an index: derived from rows, written apart, renamed into place, believed only while its seal holds."""

import hashlib
import io
import json
import logging
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podion.errors import NotFound, StorageFull
from podion.storage.files import Files

FORMAT = 1
_CONTENT, _MANIFEST = "index.npz", "manifest.json"

Arrays = dict[str, NDArray[Any]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What stands beside an index: which rows it is made of, and the digest of its bytes."""

    collection: str
    generation: int
    fingerprint: str
    recipe: str
    count: int
    sha256: str = ""
    format: int = FORMAT

    @property
    def seal(self) -> str:
        """The digest of the manifest itself."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class IndexFiles:
    """The index files of an installation: a folder a collection."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def save(self, tenant: str, manifest: Manifest, arrays: Mapping[str, NDArray[Any]]) -> bool:
        """Put a file in place of the collection's last one; return False where there is no room or no tenant for it."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        content = buffer.getvalue()
        told = asdict(manifest) | {"sha256": hashlib.sha256(content).hexdigest()}
        final = self._files.index(tenant, manifest.collection)
        try:
            with self._files.staging() as staging:
                folder = staging / "index"
                folder.mkdir(mode=0o700)
                (folder / _CONTENT).write_bytes(content)
                (folder / _MANIFEST).write_text(json.dumps(told | {"seal": Manifest(**told).seal}))
                _retire(final, staging / "old")
                return self._files.publish(folder, final)
        except (StorageFull, NotFound) as error:
            log.warning("index not kept: %s", error.detail, extra={"collection": manifest.collection})
            return False

    def load(self, tenant: str, collection: str) -> tuple[Manifest, Arrays] | None:
        """Return a collection's index, None where there is none; one that is damaged is removed and is none."""
        folder = self._files.index(tenant, collection)
        if not folder.exists():
            return None
        try:
            return _read(folder, collection)
        except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            log.warning(
                "damaged index removed, it is made again from rows", extra={"collection": collection, "why": str(error)}
            )
            self.discard(tenant, collection)
            return None

    def discard(self, tenant: str, collection: str) -> None:
        """Remove a collection's index, wherever it got to."""
        folder = self._files.index(tenant, collection)
        if folder.exists():
            with self._files.staging() as staging:
                _retire(folder, staging / "old")

    def sweep(self, living: set[str]) -> int:
        """Remove the indexes of collections that are not among `living`, by id; return how many."""
        dead = [place for place in self._files.root.glob("tenants/*/indexes/*") if place.name not in living]
        for place in dead:
            shutil.rmtree(place, ignore_errors=True)
        return len(dead)


def _read(folder: Path, collection: str) -> tuple[Manifest, Arrays]:
    told = json.loads((folder / _MANIFEST).read_bytes())
    seal = told.pop("seal")
    manifest = Manifest(**told)
    if manifest.seal != seal or manifest.collection != collection or manifest.format != FORMAT:
        raise ValueError("the manifest is not this collection's, or was changed")
    content = (folder / _CONTENT).read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.sha256:
        raise ValueError("the bytes are not those that were written")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return manifest, dict(arrays)


def _retire(folder: Path, grave: Path) -> None:
    """Move a folder out of its place; whoever else did so first is right, too."""
    try:
        folder.rename(grave)
    except FileNotFoundError:
        return
