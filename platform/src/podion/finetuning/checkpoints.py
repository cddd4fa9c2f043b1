"""Where a run stood after an epoch, on disk: written whole or not at all, checked before it is believed."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

_NAME = re.compile(r"epoch-(\d{5})\.json")
_KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """The state after `epoch` epochs: every tensor of it, and the numbers beside them."""

    epoch: int
    tensors: Mapping[str, torch.Tensor]
    numbers: Mapping[str, Any]


class Checkpoints:
    """A run's checkpoints in one folder, or nowhere when the folder is None.

    `identity` says which run it is; what another run left in the folder is not believed.
    """

    def __init__(self, folder: Path | None, identity: str) -> None:
        self._folder, self._identity = folder, identity

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint durably; the last two are kept."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        stem = f"epoch-{checkpoint.epoch:05d}"
        tensors = save({name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()})
        _write(self._folder / f"{stem}.safetensors", tensors)
        content = {
            "epoch": checkpoint.epoch,
            "identity": self._identity,
            "numbers": dict(checkpoint.numbers),
            "tensors": hashlib.sha256(tensors).hexdigest(),
        }
        body = json.dumps(content, sort_keys=True)
        sealed = {"content": body, "sha256": hashlib.sha256(body.encode()).hexdigest()}
        _write(self._folder / f"{stem}.json", json.dumps(sealed).encode())
        for epoch in self._epochs()[_KEPT:]:
            for suffix in ("json", "safetensors"):
                (self._folder / f"epoch-{epoch:05d}.{suffix}").unlink(missing_ok=True)

    def latest(self) -> Checkpoint | None:
        """Return the last checkpoint whose every byte is as written; a damaged one gives way to the one before."""
        for epoch in self._epochs():
            found = self._read(epoch)
            if found is not None:
                return found
        return None

    def _epochs(self) -> list[int]:
        if self._folder is None or not self._folder.is_dir():
            return []
        found = (_NAME.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted((int(match[1]) for match in found if match), reverse=True)

    def _read(self, epoch: int) -> Checkpoint | None:
        if self._folder is None:
            return None
        stem = self._folder / f"epoch-{epoch:05d}"
        try:
            sealed = json.loads(stem.with_suffix(".json").read_bytes())
            body: str = sealed["content"]
            if hashlib.sha256(body.encode()).hexdigest() != sealed["sha256"]:
                return None
            content = json.loads(body)
            tensors = stem.with_suffix(".safetensors").read_bytes()
            if content["identity"] != self._identity or hashlib.sha256(tensors).hexdigest() != content["tensors"]:
                return None
            return Checkpoint(content["epoch"], load(tensors), content["numbers"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError):
            return None  # damaged: the one before, or the start, gives the same adapter, only later


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
