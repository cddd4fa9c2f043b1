"""An adapter as a folder of data: written once, named by its content, verified whenever it is read. No torch.

`manifest.json` lists the SHA-256 of every other file; the SHA-256 of the manifest's bytes is the adapter's id.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as save_tensors

from podion.errors import DataError, NotFound
from podion.head_kinds import READY_MADE
from podion.hosting.tensor_file import Bytes, tensors_in

Array = NDArray[Any]

MANIFEST = "manifest.json"
CARD = "card.json"
HEAD = "head.json"
HEAD_TENSORS = "head.safetensors"
CALIBRATION = "calibration.json"
LORA_CONFIG = "adapter_config.json"
LORA_TENSORS = "adapter_model.safetensors"
HISTORY = "history.safetensors"

Score = Literal["probability", "energy", "blend", "distance"]
"""What is held against the threshold; `podion.hosting.trust` says what each one is."""

_REQUIRED = (CARD, HEAD, HEAD_TENSORS, CALIBRATION)
_LORA = (LORA_CONFIG, LORA_TENSORS)
_CHALLENGER = re.compile(r"challenger-([a-z][a-z0-9_-]{0,31})\.txt")
_FORMAT = 1
_CARD_NAMES = ("task", "method", "base", "fingerprint")


@dataclass(frozen=True, kw_only=True)
class HeadFile:
    """Which head answers, over which labels; `implementation` and `record` are import paths (`package.module:Name`).

    `options` are the keywords that the head is built with: what it learned of its features (`Head.options`) or, for a
    ready-made head, what it reads beside the last layer. An adapter of an older version has none.
    """

    implementation: str
    record: str
    hidden_size: int
    labels: tuple[str, ...]
    label_field: str = "label"
    descriptions: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cut(self) -> int | None:
        """The layer whose mean state a ready-made head reads beside the last one's; None where it reads the last alone.

        A plugin's own head reads the base's own cut, and may call any option `cut`.
        """
        return self.options.get("cut") if self.implementation in READY_MADE else None


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What stands between logits and answers: the temperature that divides, the threshold below which answers abstain.

    `keep` is the share of in-scope records that the threshold keeps; a threshold of None never abstains. `score` says
    what is held against the threshold. `bias` is added to the divided logits, one number an output (of two labels:
    Platt scaling). `thresholds` are for heads with several labels a row, one a label; `margin` is the half-width of a
    number's interval. `level` is what a label must reach to be possible (`podion.hosting.label_sets`), so that the
    possible ones hold the truth with the share `coverage`. `span_odds` are slope and shift of the log-odds that a
    marked stretch is right (`podion.hosting.span_odds`). An adapter of an older version holds the probability against
    its threshold and has none of these.
    """

    temperature: float = 1.0
    threshold: float | None = None
    keep: float = 0.95
    score: Score = "probability"
    bias: tuple[float, ...] | None = None
    thresholds: tuple[float, ...] | None = None
    margin: float | None = None
    coverage: float | None = None
    level: float | None = None
    span_odds: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class LoraFiles:
    """Plain PEFT: `config` is adapter_config.json, `tensors` adapter_model.safetensors by PEFT's own names."""

    config: Mapping[str, Any]
    tensors: Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class AdapterParts:
    """All of an adapter. `card` says what it is (task, method, base, fingerprint, seed, …) and holds no times, so that
    the same run gives the same bytes.

    `history` is the state from which the task's history goes on after the training records. `challengers` are the
    models that the head was compared with, by name, in their libraries' own text formats: data, never executed.
    """

    card: Mapping[str, Any]
    head: HeadFile
    head_tensors: Mapping[str, Array]
    calibration: Calibration
    lora: LoraFiles | None = None
    history: Mapping[str, Array] | None = None
    challengers: Mapping[str, str] = field(default_factory=dict)


def write_adapter(folder: Path, parts: AdapterParts) -> str:
    """Write an adapter into `folder`, which is new or empty, and return its id; equal parts give equal ids."""
    missing = [name for name in _CARD_NAMES if not isinstance(parts.card.get(name), str)]
    if missing:
        raise DataError(f"an adapter's card needs {', '.join(_CARD_NAMES)}; it lacks {', '.join(missing)}")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise DataError(f"the folder {folder.name} is not empty: an adapter is written once, into a folder of its own")
    files = {
        CARD: _json(parts.card),
        HEAD: _json(asdict(parts.head)),
        HEAD_TENSORS: _tensors(parts.head_tensors),
        CALIBRATION: _json(asdict(parts.calibration)),
    }
    if parts.lora is not None:
        files |= {LORA_CONFIG: _json(parts.lora.config), LORA_TENSORS: _tensors(parts.lora.tensors)}
    if parts.history is not None:
        files[HISTORY] = _tensors(parts.history)
    files |= {f"challenger-{name}.txt": text.encode() for name, text in parts.challengers.items()}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    files[MANIFEST] = _json({"format": _FORMAT, "files": digests})
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return hashlib.sha256(files[MANIFEST]).hexdigest()


def read_adapter(folder: Path, digest: str | None = None, *, for_serving: bool = False) -> AdapterParts:
    """Return the adapter in `folder` after checking every byte of it; with `digest`, only if that is its id.

    What serving does not need, the history's state and the challengers, is neither read nor checked `for_serving`.

    Raises `NotFound` (code `unknown_adapter`) where there is none, `DataError` (code `damaged_adapter`) when a file
    is missing, changed, unknown or malformed.
    """
    files = _verified_files(folder, digest, for_serving)
    try:
        lora = None
        if LORA_CONFIG in files:
            lora = LoraFiles(config=_loaded(files[LORA_CONFIG]), tensors=tensors_in(files[LORA_TENSORS]))
        return AdapterParts(
            card=_loaded(files[CARD]),
            head=_head(_loaded(files[HEAD])),
            head_tensors=tensors_in(files[HEAD_TENSORS]),
            calibration=_calibration(_loaded(files[CALIBRATION])),
            lora=lora,
            history=tensors_in(files[HISTORY]) if HISTORY in files else None,
            challengers={
                match[1]: content.tobytes().decode()
                for name, content in files.items()
                if (match := _CHALLENGER.fullmatch(name))
            },
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(folder, f"a file is malformed ({error})") from error


def adapter_digest(folder: Path) -> str:
    """Return the id of the adapter in `folder`; raises as `read_adapter` does where there is none."""
    return hashlib.sha256(_manifest(folder)).hexdigest()


def _verified_files(folder: Path, digest: str | None, for_serving: bool) -> dict[str, Bytes]:
    manifest = _manifest(folder)
    seen = hashlib.sha256(manifest).hexdigest()
    if digest is not None and seen != digest:
        raise _damaged(folder, f"it is {seen[:16]}…, asked for was {digest[:16]}…")
    try:
        listed = json.loads(manifest)
        digests: dict[str, str] = dict(listed["files"])
        form = listed["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(folder, f"{MANIFEST} is malformed ({error})") from error
    beside = {name for name in digests if name == HISTORY or _CHALLENGER.fullmatch(name)}
    if form != _FORMAT or set(digests) - beside not in ({*_REQUIRED}, {*_REQUIRED, *_LORA}):
        raise _damaged(folder, f"{MANIFEST} is of format {form!r} and lists {', '.join(sorted(digests))}")
    wanted = digests.keys() - beside if for_serving else digests
    return {name: _read(folder, name, digests[name]) for name in wanted}


def _manifest(folder: Path) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"there is no adapter in {folder.name}: it has no {MANIFEST}", code="unknown_adapter") from error


def _read(folder: Path, name: str, expected: str) -> Bytes:
    # Read, not mapped: what is used has to be the very bytes that were verified, and a mapped file that shrinks kills
    # the process. It is no slower: hashing what is in the cache already saves what the copy costs.
    try:
        with open(f"{folder}/{name}", "rb", buffering=0) as file:
            content = np.empty(os.fstat(file.fileno()).st_size, np.uint8)
            file.readinto(content.data)
    except OSError as error:
        raise _damaged(folder, f"{name} is missing") from error
    if hashlib.sha256(content.data).hexdigest() != expected:
        raise _damaged(folder, f"{name} is not what was written (SHA-256 differs)")
    return content


def _loaded(content: Bytes) -> Any:
    return json.loads(content.tobytes())


def _head(values: Mapping[str, Any]) -> HeadFile:
    told = values.get("descriptions", {}).items()
    descriptions = {label: words if isinstance(words, str) else tuple(words) for label, words in told}
    head = HeadFile(**{**values, "labels": tuple(values["labels"]), "descriptions": descriptions})
    if not (head.cut is None or (isinstance(head.cut, int) and head.cut >= 0)):
        raise ValueError(f"the head reads layer {head.cut!r}")
    return head


def _calibration(values: Mapping[str, Any]) -> Calibration:
    listed = {name: tuple(values[name]) for name in ("bias", "thresholds", "span_odds") if values.get(name) is not None}
    calibration = Calibration(**{**values, **listed})
    if not (calibration.temperature > 0 and np.isfinite(calibration.temperature)):
        raise ValueError(f"temperature {calibration.temperature} is not above 0")
    if calibration.score not in get_args(Score):
        raise ValueError(f"score {calibration.score!r} is none of {', '.join(get_args(Score))}")
    if not np.isfinite(calibration.bias or ()).all():
        raise ValueError(f"bias {calibration.bias} is not finite")
    if not all(0 < threshold < 1 for threshold in calibration.thresholds or ()):
        raise ValueError(f"thresholds {calibration.thresholds} are not all between 0 and 1")
    if calibration.margin is not None and not (calibration.margin >= 0 and np.isfinite(calibration.margin)):
        raise ValueError(f"margin {calibration.margin} is not 0 or more")
    if calibration.span_odds is not None and not _rises(calibration.span_odds):
        raise ValueError(f"span_odds {calibration.span_odds} are not a slope above 0 and a shift")
    if not all(share is None or 0 <= share <= 1 for share in (calibration.coverage, calibration.level)):
        raise ValueError(f"coverage {calibration.coverage} or level {calibration.level} is not from 0 to 1")
    return calibration


def _rises(odds: tuple[float, ...]) -> bool:
    return len(odds) == 2 and bool(np.isfinite(odds).all()) and odds[0] > 0


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _tensors(tensors: Mapping[str, Array]) -> bytes:
    return save_tensors({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, {"format": "pt"})


def _damaged(folder: Path, what: str) -> DataError:
    return DataError(
        f"adapter in {folder.name}: {what}; restore it from a backup or train it again", code="damaged_adapter"
    )
