"""What is known of an installed base model: `base.json` beside its files, and the fingerprint of what it computes."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from podion.errors import DataError
from podion.settings import Runtime

RUNTIME = "torch-fp32"
POOLING = "mean"
FILES = ("config.json", "model.safetensors", "tokenizer.json")
CARD = "base.json"

_ARCHITECTURE = (
    "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size",
    "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "hidden_act", "position_embedding_type",
)  # fmt: skip
_FORMAT = 1
_ROUNDING = 1
"""Counts up when int8 or bf16 round in another way, so that adapters made before are told apart."""


@dataclass(frozen=True, kw_only=True)
class InstalledBase:
    """A base model on this machine. `name` finds it again; `fingerprint` says exactly what it computes.

    `prefix` stands before every text that is classified or searched with, `passage_prefix` before one that is found.
    """

    name: str
    path: Path
    prefix: str
    passage_prefix: str
    max_tokens: int
    frozen_layers: int
    fingerprint: str
    languages: tuple[str, ...]
    licence: str
    source: str
    runtime: Runtime = "fp32"

    def computed_by(self, runtime: Runtime) -> "InstalledBase":
        """Return this base as another runtime computes it, which is another fingerprint; fp32 keeps the card's own."""
        if runtime == self.runtime:
            return self
        if self.runtime != "fp32":
            raise ValueError(f"base {self.name} is computed by {self.runtime} already")
        fingerprint = hashlib.sha256(f"{self.fingerprint} {runtime} {_ROUNDING}".encode()).hexdigest()[:16]
        return replace(self, runtime=runtime, fingerprint=fingerprint)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a base model wants to be read and what its card says beside its files."""

    name: str
    source: str
    prefix: str
    passage_prefix: str
    max_tokens: int
    frozen_layers: int
    languages: tuple[str, ...]
    licence: str


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def read_config(folder: Path) -> dict[str, Any]:
    """Return `config.json` of a base model's folder; raises `DataError` when it is no JSON object."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"base model {folder.name}: config.json cannot be read: {error}", code="bad_base") from error
    if not isinstance(config, dict):
        raise DataError(f"base model {folder.name}: config.json is not a JSON object", code="bad_base")
    return config


def seal(folder: Path, reading: Reading) -> dict[str, Any]:
    """Hash the files of `folder` and return what `base.json` says of them."""
    files = {name: {"sha256": file_sha256(folder / name), **_stat(folder / name)} for name in FILES}
    return {
        "format": _FORMAT,
        "name": reading.name,
        "source": reading.source,
        "prefix": reading.prefix,
        "passage_prefix": reading.passage_prefix,
        "max_tokens": reading.max_tokens,
        "frozen_layers": reading.frozen_layers,
        "languages": list(reading.languages),
        "licence": reading.licence,
        "files": files,
        "fingerprint": _fingerprint(read_config(folder), files, reading.prefix, reading.max_tokens),
    }


def open_card(folder: Path, card: Mapping[str, Any], *, verify: bool = False) -> InstalledBase:
    """Return the base model that `card` describes.

    Files are hashed only when `verify` asks for it, or when one has another size or time than when it was sealed.
    Raises `DataError` (code `damaged_base`) when a file is not what was installed.
    """
    try:
        files: Mapping[str, Mapping[str, Any]] = card["files"]
        for name in FILES:
            _check_file(folder / name, files[name], verify)
        fingerprint = _fingerprint(read_config(folder), files, card["prefix"], card["max_tokens"])
        if fingerprint != card["fingerprint"]:
            raise _damaged(folder, f"{CARD} does not fit its own fingerprint")
        return InstalledBase(
            name=card["name"],
            path=folder,
            prefix=card["prefix"],
            passage_prefix=card["passage_prefix"],
            max_tokens=card["max_tokens"],
            frozen_layers=card["frozen_layers"],
            fingerprint=fingerprint,
            languages=tuple(card["languages"]),
            licence=card["licence"],
            source=card["source"],
        )
    except (KeyError, TypeError) as error:
        raise _damaged(folder, f"{CARD} lacks {error}") from error


def load_card(path: Path) -> dict[str, Any] | None:
    """Return a card, or None where there is none; raises `DataError` when it is unreadable."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path.parent, f"{path.name} cannot be read: {error}") from error
    if not isinstance(card, dict) or card.get("format") != _FORMAT:
        raise _damaged(path.parent, f"{path.name} is not of format {_FORMAT}")
    return card


def dump_card(card: Mapping[str, Any], path: Path) -> None:
    """Write a card durably and at once: a reader sees the old one or the new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(card, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _stat(path: Path) -> dict[str, int]:
    seen = path.stat()
    return {"size": seen.st_size, "mtime_ns": seen.st_mtime_ns}


def _check_file(path: Path, expected: Mapping[str, Any], verify: bool) -> None:
    try:
        seen = _stat(path)
    except OSError as error:
        raise _damaged(path.parent, f"{path.name} is missing") from error
    if seen["size"] != expected["size"]:
        raise _damaged(path.parent, f"{path.name} has {seen['size']} bytes instead of {expected['size']}")
    if (verify or seen["mtime_ns"] != expected["mtime_ns"]) and file_sha256(path) != expected["sha256"]:
        raise _damaged(path.parent, f"{path.name} is not the file that was installed (SHA-256 differs)")


def _fingerprint(
    config: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]], prefix: str, max_tokens: int
) -> str:
    what = {
        "architecture": {key: config.get(key) for key in _ARCHITECTURE},
        "weights": files["model.safetensors"]["sha256"],
        "tokenizer": files["tokenizer.json"]["sha256"],
        "runtime": RUNTIME,
        "pooling": POOLING,
        "prefix": prefix,
        "max_tokens": max_tokens,
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


def _damaged(folder: Path, what: str) -> DataError:
    return DataError(
        f"base model {folder.name}: {what}; remove it and run `podion bases install {folder.name}`", code="damaged_base"
    )
