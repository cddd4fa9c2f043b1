"""The public face is sorted, complete and explained, and `platform/` does not shadow Python's own module."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import podion
import podion.testing

ANNOUNCED = "AlertRule"


def test_the_face_is_sorted_and_complete() -> None:
    at_home = [name for names in podion._HOME.values() for name in names]
    assert podion.__all__ == sorted(podion.__all__)
    assert sorted(at_home) == podion.__all__
    assert len(set(at_home)) == len(at_home)


@pytest.mark.parametrize("name", podion.__all__)
def test_every_public_name_loads_and_is_explained(name: str) -> None:
    value = getattr(podion, name)
    if get_args(value):  # an annotation such as Caller carries its words on the type it stands for
        value = get_args(value)[0]
    words = inspect.getdoc(value)
    assert words, f"podion.{name} has no docstring"
    # A dataclass without words gets its signature for a docstring.
    assert not words.startswith(f"{name}("), f"podion.{name} has no docstring"


@pytest.mark.parametrize("name", ANNOUNCED.split())
def test_what_is_announced_and_not_built_says_so(name: str) -> None:
    with pytest.raises(ImportError, match=f"podion 0.1 does not have {name} yet"):
        getattr(podion, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Verticle'"):
        podion.Verticle  # noqa: B018


def test_the_faces_of_heads_and_tests_are_sorted() -> None:
    import podion.nn

    for face in (podion.nn, podion.testing):
        assert face.__all__ == sorted(face.__all__)
        assert all(hasattr(face, name) for name in face.__all__)


def test_the_platform_folder_is_no_package(root: Path) -> None:
    assert (root / "platform").is_dir()
    assert not (root / "platform" / "__init__.py").exists()


@pytest.mark.parametrize("prefix", [["-c"], ["-P", "-c"]])
def test_pythons_own_platform_module_is_not_shadowed(root: Path, prefix: list[str]) -> None:
    code = "import platform; print(platform.system()); print(platform.__file__)"
    done = subprocess.run(
        [sys.executable, *prefix, code], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    system, file = done.stdout.split("\n")[:2]
    assert system
    assert not Path(file).is_relative_to(root / "platform")
