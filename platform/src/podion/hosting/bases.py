"""Base models on this machine: install one, find one, list them. No torch; nothing runs that was downloaded."""

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podion.errors import BadSettings, DataError, NotFound, PodionError, Unavailable
from podion.hosting.base_card import (
    CARD,
    FILES,
    InstalledBase,
    Reading,
    dump_card,
    load_card,
    open_card,
    read_config,
    seal,
)
from podion.hosting.downloads import Progress, fetch
from podion.hosting.sources import KNOWN, HubSource, Source

__all__ = ["InstalledBase", "find_base", "find_named_base", "install_base", "list_bases"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_DEFAULT_MAX_TOKENS = 256


def find_base(name_or_folder: str | Path, bases: Path, *, verify: bool = False) -> InstalledBase:
    """Return the base model of that name, hub id or local folder.

    Raises `NotFound` when it is not installed, `DataError` when its files are damaged or not safetensors. `verify`
    hashes every file; without it sizes and times are compared.
    """
    text = os.fspath(name_or_folder)
    installed = _folder_of(text, bases)
    if installed is not None and (card := load_card(installed / CARD)) is not None:
        return open_card(installed, card, verify=verify)
    folder = Path(text).expanduser()
    if _looks_like_folder(text) and folder.is_dir():
        return _open_local(folder.absolute(), bases, verify)
    if installed is not None:
        raise NotFound(f"base model {text!r} is not installed: run `podion bases install {text}`", code="no_such_base")
    raise NotFound(
        f"there is no base model {text!r}: name {', '.join(KNOWN)}, a hub id (org/name) or a folder that exists",
        code="no_such_base",
    )


def find_named_base(name: str, settings_base: str, bases: Path) -> InstalledBase:
    """Return the base that a tenant names: the server's own or an installed one, never a folder of the machine.

    Raises `NotFound`, in words that tell nothing of what else the machine holds, and `DataError` for a damaged one.
    """
    if name == settings_base:
        return find_base(name, bases)
    installed = _folder_of(name, bases)
    if installed is not None and (card := load_card(installed / CARD)) is not None:
        return open_card(installed, card)
    raise NotFound(f"the base model {name!r} is not installed here: ask the operator", code="no_such_base")


def list_bases(bases: Path) -> list[InstalledBase]:
    """Return the installed base models by name; a damaged one raises `DataError`."""
    cards = sorted(bases.glob(f"[!.]*/{CARD}"))
    found = [(path.parent, load_card(path)) for path in cards]
    return [open_card(folder, card) for folder, card in found if card is not None]


def install_base(name: str | Path, bases: Path, progress: Progress = lambda stage, share: None) -> InstalledBase:
    """Install a known name, a hub id or a local folder under `bases` and return it; a second time does nothing.

    Interrupted, it goes on from what was downloaded. Raises `Unavailable` when no source can be reached.
    """
    text = os.fspath(name)
    local = Path(text).expanduser()
    target = bases / local.name if _is_local(text, bases) else _folder_of(text, bases)
    if target is None or not _NAME.fullmatch(target.name):
        raise NotFound(
            f"cannot install {text!r}: name {', '.join(KNOWN)}, a hub id (org/name) or a folder that exists",
            code="no_such_base",
        )
    with _lock(bases, target.name, progress):
        if (card := load_card(target / CARD)) is not None:
            return open_card(target, card)
        with _staging(bases, target) as staging:
            if _is_local(text, bases):
                reading = _copy_local(local, staging)
            else:
                reading = _fetch_first(text, staging, bases / ".downloads", progress)
            progress("checking", 0.0)
            _publish(staging, target, reading)
    progress("installed", 1.0)
    return find_base(target.name, bases)


def _folder_of(text: str, bases: Path) -> Path | None:
    """Where a name or hub id is installed; None for what is neither."""
    parts = text.split("/")
    if len(parts) > 2 or not all(_NAME.fullmatch(part) for part in parts):
        return None
    return bases / "--".join(parts)


def _looks_like_folder(text: str) -> bool:
    return text not in KNOWN and text != ""


def _is_local(text: str, bases: Path) -> bool:
    folder = Path(text).expanduser()
    return _looks_like_folder(text) and folder.is_dir() and folder.absolute().parent != bases.absolute()


def _open_local(folder: Path, bases: Path, verify: bool) -> InstalledBase:
    """A folder of the operator's is not written to: its card, if it has none, is kept under `bases`."""
    if (card := load_card(folder / CARD)) is not None:
        return open_card(folder, card, verify=verify)
    kept = bases / ".local" / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.json"
    if (card := load_card(kept)) is not None:
        try:
            return open_card(folder, card, verify=verify)
        except DataError:
            kept.unlink()  # an operator may change a folder; its fingerprint then changes with it
    check_files(folder)
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = seal(folder, _guess_reading(folder, name=str(folder), source="local folder"))
    dump_card(fresh, kept)
    return open_card(folder, fresh)


def check_files(folder: Path) -> None:
    """Raise `DataError` unless `folder` holds a base model in one safetensors file."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if not missing:
        return
    seen = sorted(path.name for path in folder.iterdir())
    if "model.safetensors" in missing and any(name.endswith(".safetensors.index.json") for name in seen):
        raise DataError(
            f"base model {folder.name}: sharded weights are not supported; save them as one model.safetensors",
            code="bad_base",
        )
    if "model.safetensors" in missing and any(name.endswith((".bin", ".pt", ".pth", ".ckpt")) for name in seen):
        raise DataError(
            f"base model {folder.name}: safetensors only; files that run code when loaded are refused "
            "(save the weights with save_pretrained, which writes model.safetensors)",
            code="bad_base",
        )
    raise DataError(f"base model {folder.name} lacks {', '.join(missing)}", code="bad_base")


def _guess_reading(folder: Path, *, name: str, source: str) -> Reading:
    config = read_config(folder)
    positions, layers = config.get("max_position_embeddings", 512), config.get("num_hidden_layers", 0)
    if not isinstance(positions, int) or not isinstance(layers, int):
        raise DataError(f"base model {folder.name}: sizes in config.json are not integers", code="bad_base")
    return Reading(
        name=name,
        source=source,
        prefix="",
        passage_prefix="",
        max_tokens=max(1, min(_DEFAULT_MAX_TOKENS, positions - 2)),
        frozen_layers=layers // 2,
        languages=(),
        licence="as its source says",
    )


def _copy_local(folder: Path, staging: Path) -> Reading:
    check_files(folder)
    for file in FILES:
        shutil.copyfile(folder / file, staging / file)
    if (card := load_card(folder / CARD)) is None:
        return _guess_reading(staging, name=folder.absolute().name, source="local folder")
    copied = open_card(folder, card, verify=True)
    return Reading(
        name=folder.absolute().name,
        source="local folder",
        prefix=copied.prefix,
        passage_prefix=copied.passage_prefix,
        max_tokens=copied.max_tokens,
        frozen_layers=copied.frozen_layers,
        languages=copied.languages,
        licence=copied.licence,
    )


def _fetch_first(name: str, staging: Path, kept: Path, progress: Progress) -> Reading:
    known = KNOWN.get(name)
    sources: tuple[Source, ...] = known.sources if known else ()
    if not sources and "/" in name:
        sources = (HubSource(repository=name),)
    reasons: list[str] = []
    for source in sources:
        try:
            fetch(source, staging, kept, progress)
        except (Unavailable, DataError) as error:
            reasons.append(f"{source}: {error.detail}")
            continue
        if known is None:
            return _guess_reading(staging, name=name, source=str(source))
        return Reading(
            name=name,
            source=str(source),
            prefix=known.prefix,
            passage_prefix=known.passage_prefix,
            max_tokens=known.max_tokens,
            frozen_layers=known.frozen_layers,
            languages=known.languages,
            licence=known.licence,
        )
    if not reasons:
        raise NotFound(f"there is no base model {name!r}: name {', '.join(KNOWN)}, a hub id or a folder that exists")
    raise Unavailable(
        f"base model {name} could not be installed. " + "; ".join(reasons) + ". Try again with a network, or name a "
        "folder that holds config.json, model.safetensors and tokenizer.json",
        retry_after=60,
    )


@contextmanager
def _lock(bases: Path, name: str, progress: Progress) -> Iterator[None]:
    folder = bases / ".locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / name).open("w")
    except OSError as error:
        raise BadSettings(f"PODION_BASES={bases}: cannot write there: {error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another installation", 0.0)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _staging(bases: Path, target: Path) -> Iterator[Path]:
    for left in bases.glob(f".staging-{target.name}-*"):
        shutil.rmtree(left)  # of an installation that was killed: the lock says that none is running
    folder = Path(tempfile.mkdtemp(prefix=f".staging-{target.name}-", dir=bases))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _publish(staging: Path, target: Path, reading: Reading) -> None:
    check_files(staging)
    staging.chmod(0o755)
    for file in FILES:
        _sync(staging / file)
    dump_card(seal(staging, reading), staging / CARD)
    _sync(staging)
    if target.exists():
        raise PodionError(f"{target.name} is there without {CARD}: remove that folder and install again")
    staging.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
