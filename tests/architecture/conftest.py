"""Where the sources are."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def sources() -> list[Path]:
    """Return every Python file of the platform, the plugins and the example."""
    roots = [ROOT / "platform" / "src", *ROOT.glob("plugins/*/src"), *ROOT.glob("examples/*/src")]
    return sorted(path for root in roots for path in root.rglob("*.py"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def every_source() -> list[Path]:
    found = sources()
    assert len(found) > 10, "the sources moved, and this suite looks in the wrong place"
    return found


@pytest.fixture(scope="session")
def contracts() -> dict[str, Any]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["tool"]["importlinter"])
