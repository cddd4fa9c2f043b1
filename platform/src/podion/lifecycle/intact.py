"""Whether what lies in the files is still what was written, and how it is put right by the same content."""

import hashlib
from pathlib import Path

from podion.errors import PodionError
from podion.hosting.adapter_files import read_adapter
from podion.storage.files import Files

_CHUNK = 1 << 20


def dataset_digest(task: str, content: str) -> str:
    """Return the digest that names a dataset version: of its task's full name and the SHA-256 of its file."""
    return hashlib.sha256(f"{task}\n{content}".encode()).hexdigest()


def intact_dataset(files: Files, tenant: str, dataset: str, task: str, digest: str) -> Path:
    """Return the file of a dataset version after reading every byte of it.

    Raises `PodionError` (code `damaged_dataset`) where it is not what was written.
    """
    path = files.dataset(tenant, dataset)
    if not _is_intact(path, task, digest):
        raise PodionError(
            f"the file of dataset {dataset} is missing or is not what was written (SHA-256 differs): upload the same "
            "records again, which puts it right, or restore it from a backup",
            code="damaged_dataset",
        )
    return path


def publish_dataset(files: Files, staged: Path, final: Path, task: str, digest: str) -> None:
    """Put a dataset version's file in place, also in the place of a damaged one; raises as `Files.publish` does."""
    if final.exists() and not _is_intact(final, task, digest):
        files.remove(final)
    files.publish(staged, final)


def intact_adapter(files: Files, tenant: str, adapter: str) -> Path:
    """Return the folder of an adapter version after reading every byte of it.

    Raises `PodionError` (code `damaged_adapter` or `unknown_adapter`): the fault is ours, not the caller's.
    """
    folder = files.adapter(tenant, adapter)
    try:
        read_adapter(folder, adapter)
    except PodionError as error:
        raise PodionError(error.detail, code=error.code) from error
    return folder


def publish_adapter(files: Files, staged: Path, final: Path, digest: str) -> None:
    """Put an adapter's folder in place, also in the place of a damaged one; raises as `Files.publish` does."""
    if final.exists():
        try:
            read_adapter(final, digest)
        except PodionError:
            files.remove(final)
    files.publish(staged, final)


def _is_intact(path: Path, task: str, digest: str) -> bool:
    content = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                content.update(chunk)
    except OSError:
        return False
    return dataset_digest(task, content.hexdigest()) == digest
