"""Where files of tenants lie, and how they get there: written apart, made durable, then renamed into place."""

import errno
import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from podion.errors import NotFound, StorageFull

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SETTLING_SECONDS = 60.0


class Files:
    """The files under one folder: `tenants/<tenant>/{datasets,adapters,runs,batches,indexes}/…`, and `staging/`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def dataset(self, tenant: str, dataset: str) -> Path:
        """Return the canonical `.jsonl` file of a dataset version; raises `NotFound` for an id that names no file."""
        return self._place(tenant, "datasets", dataset).with_suffix(".jsonl")

    def adapter(self, tenant: str, adapter: str) -> Path:
        """Return the folder of an adapter version; raises `NotFound` for an id that names no folder."""
        return self._place(tenant, "adapters", adapter)

    def run(self, tenant: str, run: str) -> Path:
        """Return the folder of a run's checkpoints; raises `NotFound` for an id that names no folder."""
        return self._place(tenant, "runs", run)

    def batch(self, tenant: str, batch: str) -> Path:
        """Return the folder of a bulk job: what was sent, what was answered; raises `NotFound` as the others do."""
        return self._place(tenant, "batches", batch)

    def batches(self) -> list[tuple[str, str]]:
        """Return tenant and id of every bulk job that has a folder."""
        return [(place.parts[-3], place.name) for place in (self.root / "tenants").glob("*/batches/*")]

    def index(self, tenant: str, collection: str) -> Path:
        """Return the folder of a collection's index; raises `NotFound` for an id that names no folder."""
        return self._place(tenant, "indexes", collection)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A fresh folder on the file system of the finals, removed at the end; raises `StorageFull` on a full disk."""
        with room_needed():
            self._staging.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(dir=self._staging))
            lock = os.open(folder, os.O_RDONLY)
            try:
                # Whoever sweeps sees by this lock that the owner lives; a killed owner has lost it.
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield folder
            finally:
                os.close(lock)
                shutil.rmtree(folder, ignore_errors=True)

    def publish(self, staged: Path, final: Path) -> bool:
        """Move a staged file or folder into place, durably; return False where `final` was there, which then stays.

        After a crash at any moment `final` is either absent or complete. Raises `StorageFull` on a full disk and
        `NotFound` when the tenant was deleted meanwhile.
        """
        with room_needed(), self._tenant_needed(final):
            _sync_tree(staged)
            _make_folder(final.parent)
            published = not final.exists()
            if published:
                try:
                    staged.rename(final)
                except OSError as error:
                    if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                        raise
                    published = False
            if not published:
                _remove(staged)
            sync(final.parent)
            return published

    def remove(self, final: Path) -> None:
        """Take what is damaged out of its place, so that the same content can be published again."""
        with self.staging() as folder, suppress(FileNotFoundError):
            final.rename(folder / "removed")
            sync(final.parent)

    def delete_tenant(self, tenant: str) -> None:
        """Delete every file of a tenant: gone from its place at once, from the disk before this returns.

        An empty file takes the folder's place, so that work which is still under way cannot bring it back.
        """
        folder = self._tenant(tenant)
        for parent in (self._staging, folder.parent):
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        grave = Path(tempfile.mkdtemp(dir=self._staging))
        with suppress(FileNotFoundError, NotADirectoryError):
            folder.rename(grave / "tenant")
        while not _put_tombstone(folder):
            folder.rename(grave / f"returned-{time.monotonic_ns()}")
        sync(folder.parent)
        shutil.rmtree(grave)

    def sweep(self, settling_seconds: float = _SETTLING_SECONDS) -> int:
        """Remove staging folders whose owners died; return how many. Folders younger than `settling_seconds` stay.

        What stands in the place of deleted tenants' folders goes once it is that old, too.
        """
        for place in (self.root / "tenants").glob("*"):
            if place.is_file() and place.stat().st_mtime <= time.time() - settling_seconds:
                place.unlink(missing_ok=True)
        if not self._staging.is_dir():
            return 0
        settled = time.time() - settling_seconds
        return sum(_remove_if_orphan(folder, settled) for folder in self._staging.iterdir())

    @contextmanager
    def _tenant_needed(self, final: Path) -> Iterator[None]:
        tenants = self.root / "tenants"
        try:
            yield
        except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
            if not final.is_relative_to(tenants) or (tenants / final.relative_to(tenants).parts[0]).is_dir():
                raise
            raise NotFound("The tenant was deleted meanwhile: nothing of this was kept.") from error

    @property
    def _staging(self) -> Path:
        return self.root / "staging"

    def _tenant(self, tenant: str) -> Path:
        return self.root / "tenants" / _checked(tenant)

    def _place(self, tenant: str, noun: str, name: str) -> Path:
        return self._tenant(tenant) / noun / _checked(name)


def _checked(name: str) -> str:
    if not _SAFE.fullmatch(name):
        raise NotFound(f"{name[:80]!r} is not an id: ids are letters, digits, '-' and '_'.")
    return name


@contextmanager
def room_needed() -> Iterator[None]:
    """Turn a full disk inside the block into `StorageFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise StorageFull(
            "The disk of the files is full: nothing of this request was kept. Free some space."
        ) from error


def _put_tombstone(place: Path) -> bool:
    """Put an empty file where a tenant's folder was; return whether the place holds one."""
    try:
        place.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return place.is_file()
    return True


def sync(path: Path) -> None:
    """Have a file's content, or a folder's names, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_tree(path: Path) -> None:
    for folder, _folders, names in os.walk(path) if path.is_dir() else ():
        for name in names:
            sync(Path(folder) / name)
        sync(Path(folder))
    if path.is_file():
        sync(path)


def _make_folder(folder: Path) -> None:
    """Make a folder and its parents; each new name is on the disk before the next is made."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _remove_if_orphan(folder: Path, settled: float) -> bool:
    with suppress(FileNotFoundError):
        if folder.stat().st_mtime > settled:
            return False
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
            return True
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
    return False
