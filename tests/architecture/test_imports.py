"""The import contracts hold, and each of them can break."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RUN = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def _rooms(contracts: dict[str, Any]) -> set[str]:
    layers = next(contract["layers"] for contract in contracts["contracts"] if contract["type"] == "layers")
    return {name.strip(" ()").removeprefix("podion.") for layer in layers for name in layer.split("|")}


def _lint(folder: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_contract_is_kept(root: Path, contracts: dict[str, Any]) -> None:
    done = _lint(root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(contracts['contracts'])} kept, 0 broken" in done.stdout


@pytest.fixture
def house(tmp_path: Path, root: Path, contracts: dict[str, Any]) -> Path:
    """A stub of the house, with the contracts of the real one and one module a room."""
    (tmp_path / "pyproject.toml").write_text((root / "pyproject.toml").read_text(encoding="utf-8"))
    for package in contracts["root_packages"]:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for room in _rooms(contracts):
        (tmp_path / "podion" / room).mkdir()
        (tmp_path / "podion" / room / "__init__.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("podion/errors/a.py", "import podion.settings", "floors"),
        ("podion/cli/a.py", "import podion.testing", "floors"),
        ("podion/storage/a.py", "import podion.hosting", "floors"),
        ("podion/catalogue/a.py", "import podion.data", "floors"),
        ("podion/hosting/a.py", "import sqlalchemy", "hosting knows no SQL"),
        ("podion/hosting/a.py", "import fastapi", "hosting knows no HTTP"),
        ("podion/data/a.py", "from podion import Task", "nothing inside imports the face"),
        ("podion/data/a.py", "import podion", "nothing inside imports the face"),
        ("podion_praise/a.py", "import podion.storage.tables", "plugins see the faces only"),
        ("podion_praise/a.py", "from podion.vertical import Task", "plugins see the faces only"),
        ("podion_praise/routes.py", "import podion.nn", "plugins see the faces only"),
        ("podion_praise/a.py", "import podion_customer_service", "plugins do not know each other"),
    ],
)
def test_each_contract_can_break(house: Path, module: str, line: str, broken: str) -> None:
    (house / "podion" / "storage" / "tables.py").touch()
    (house / module).write_text(line)
    done = _lint(house, house)
    assert "1 broken" in done.stdout, done.stdout + done.stderr
    assert next(told for told in done.stdout.splitlines() if "BROKEN" in told).startswith(broken)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("podion_praise/heads.py", "import podion.nn"),
        ("podion_praise/plugin.py", "import podion"),
        ("podion_praise/kit.py", "import podion.testing"),
        ("podion/hosting/a.py", "import podion.vertical"),
        ("podion/cli/a.py", "import podion.storage"),
    ],
)
def test_what_is_allowed_is_kept(house: Path, module: str, line: str) -> None:
    (house / "podion" / "vertical" / "a.py").write_text("import fastapi")
    (house / module).write_text(line)
    done = _lint(house, house)
    assert done.returncode == 0, done.stdout


def test_every_plugin_is_under_contract(root: Path, contracts: dict[str, Any]) -> None:
    folders = [*root.glob("plugins/*/src/podion_*"), *root.glob("examples/*/src/podion_*")]
    packages = {path.name for path in folders if path.is_dir()}
    assert packages == set(contracts["root_packages"]) - {"podion"}
    by_name = {contract["name"]: contract for contract in contracts["contracts"]}
    assert packages == set(by_name["plugins see the faces only"]["source_modules"])
    assert packages == set(by_name["plugins do not know each other"]["modules"])


def test_every_room_stands_on_a_floor(root: Path, contracts: dict[str, Any]) -> None:
    folder = root / "platform" / "src" / "podion"
    there = {path.stem for path in folder.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert there - {"__init__", "__main__", "__pycache__"} <= _rooms(contracts)


def test_outside_of_storage_only_a_connection_is_named(every_source: list[Path]) -> None:
    """SQL stands in storage only; others hand a connection through."""
    strays = []
    for path in every_source:
        if "storage" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
                strays += [f"{path}: {alias.name}" for alias in node.names if alias.name != "Connection"]
            if isinstance(node, ast.Import):
                strays += [f"{path}: {alias.name}" for alias in node.names if alias.name.split(".")[0] == "sqlalchemy"]
    assert not strays


def test_only_heads_modules_of_plugins_import_torch(every_source: list[Path]) -> None:
    strays = []
    for path in every_source:
        if path.parts[-2] == "podion" or "podion" in path.parts or "heads" in (path.stem, path.parent.name):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            strays += [f"{path}: {name}" for name in names if name == "podion.nn" or name.split(".")[0] == "torch"]
    assert not strays
