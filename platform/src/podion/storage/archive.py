"""One file that holds many: a zip whose manifest knows the SHA-256 of each member, and is checked as a whole."""

import hashlib
import json
import lzma
import os
import re
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from podion.errors import Conflict, DataError
from podion.storage.files import room_needed

MANIFEST = "manifest.json"

_CHUNK = 1 << 20
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,  # bz2's word for what it cannot read, and the disk's
    EOFError,
    KeyError,
    ValueError,
    TypeError,
    NotImplementedError,
    RuntimeError,
)


class ArchiveWriter:
    """Takes members one after the other; none of them is held in memory."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, chunks: Iterable[bytes], *, compressed: bool) -> None:
        """Write a member."""
        digest, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        with self._file.open(info, "w", force_zip64=True) as member:
            for chunk in chunks:
                member.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.members[name] = {"sha256": digest.hexdigest(), "bytes": size}

    def close(self, facts: Mapping[str, Any]) -> None:
        """Write the manifest: the facts, and what each member must be."""
        self._file.writestr(MANIFEST, json.dumps({**facts, "members": self.members}, indent=1, ensure_ascii=False))


@contextmanager
def new_archive(target: Path) -> Iterator[ArchiveWriter]:
    """An archive that appears under its name complete and on the disk, readable by its owner alone, or not at all.

    Raises `Conflict` where the name is taken and `StorageFull` on a full disk.
    """
    if target.exists():
        raise Conflict(f"{target} exists: name a file that does not, or move that one away")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    with room_needed():
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            with os.fdopen(handle, "w+b") as raw:
                with zipfile.ZipFile(raw, "w", compresslevel=1) as file:
                    yield ArchiveWriter(file)
                raw.flush()
                os.fsync(raw.fileno())
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Archive:
    """An archive that was found whole: every member is there, no other is, and each has its checksum."""

    def __init__(self, file: zipfile.ZipFile, manifest: Mapping[str, Any]) -> None:
        self._file = file
        self.manifest = manifest
        self.members: Mapping[str, Mapping[str, Any]] = manifest["members"]

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield what a member holds."""
        with self._file.open(name) as member:
            while chunk := member.read(_CHUNK):
                yield chunk

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a member."""
        with self._file.open(name) as member:
            yield from member


@contextmanager
def checked_archive(source: Path, progress: Callable[[float], None]) -> Iterator[Archive]:
    """Open an archive after reading all of it once; raises `DataError` that says what is damaged."""
    with source.open("rb") as raw:
        try:
            file = zipfile.ZipFile(raw)
            manifest = json.loads(file.read(MANIFEST))
            archive = Archive(file, manifest)
            _check_names(archive, file.namelist())
            _check_members(archive, progress)
        except _BROKEN as error:
            raise DataError(f"{source} is no backup, or a damaged one ({error}): nothing was written") from error
        with file:
            yield archive


def _check_names(archive: Archive, names: list[str]) -> None:
    if sorted(names) != sorted([*archive.members, MANIFEST]):
        raise ValueError("its members are not those of its manifest")
    for name in archive.members:
        if not all(_PART.fullmatch(part) for part in name.split("/")):
            raise ValueError(f"{name[:80]!r} is no name for a member")


def _check_members(archive: Archive, progress: Callable[[float], None]) -> None:
    total = sum(member["bytes"] for member in archive.members.values()) or 1
    done = 0
    for name, member in archive.members.items():
        digest = hashlib.sha256()
        for chunk in archive.chunks(name):
            digest.update(chunk)
            done += len(chunk)
            progress(done / total)
        if digest.hexdigest() != member["sha256"]:
            raise ValueError(f"{name} does not have its checksum")
