"""What the API process and the command line import brings no torch."""

import subprocess
import sys
from pathlib import Path

import pytest

PLATFORM = Path(__file__).parents[2] / "platform" / "src" / "podion"
HEAVY = ("torch", "transformers", "peft", "sklearn", "faiss")
WHOLE_ROOMS = ("api", "catalogue", "data", "jobs", "retrieval", "storage", "tenancy")
SINGLE = (
    "answers",
    "caller",
    "errors",
    "hookspecs",
    "settings",
    "vertical",
    "hosting.adapter_files",
    "hosting.bases",
    "hosting.client",
    "hosting.protocol",
    "hosting.reader",
    "lifecycle.batch_child",
    "lifecycle.deployments",
    "lifecycle.feedback",
    "lifecycle.predictor",
    "lifecycle.uploads",
    "lifecycle.watchers",
    "cli.main",
    "testing.contract",
)
"""Modules of rooms that also hold what does import torch."""


def _modules() -> list[str]:
    rooms = [path for room in WHOLE_ROOMS for path in sorted((PLATFORM / room).rglob("*.py"))]
    names = [".".join(("podion", *path.relative_to(PLATFORM).with_suffix("").parts)) for path in rooms]
    single = [f"podion.{name}" for name in SINGLE if (PLATFORM / f"{name.replace('.', '/')}.py").exists()]
    found = [name.removesuffix(".__init__") for name in (*names, *single)]
    return ["podion", *(name for name in found if ".migrations." not in name)]


def _heavy_after(code: str) -> list[str]:
    told = f"import sys\n{code}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_this_test_can_fail() -> None:
    assert "torch" in _heavy_after("import podion.nn")


@pytest.mark.parametrize("room", sorted({name.split(".")[1] for name in _modules() if "." in name}))
def test_no_torch_in(room: str) -> None:
    """One process a room imports module after module, and names the one that brought torch."""
    names = [name for name in _modules() if name.split(".")[1:2] == [room]]
    code = f"""
import importlib
for name in {names!r}:
    importlib.import_module(name)
    heavy = [one for one in {HEAVY!r} if one in sys.modules]
    assert not heavy, f"importing {{name}} brings {{', '.join(heavy)}}"
"""
    assert _heavy_after(code) == []


def test_no_torch_in_the_face() -> None:
    assert _heavy_after("import podion\nfor name in podion.__all__: getattr(podion, name)") == []


def test_no_torch_in_loading_every_plugin() -> None:
    code = "from podion.catalogue.catalogue import load_plugins\nassert load_plugins(strict=True).verticals"
    assert _heavy_after(code) == []


def test_the_lists_name_modules_that_are_there() -> None:
    assert all((PLATFORM / room).is_dir() for room in WHOLE_ROOMS)
    missing = [name for name in SINGLE if not Path(PLATFORM, *name.split(".")).with_suffix(".py").exists()]
    assert not missing
