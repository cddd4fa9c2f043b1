"""`podion plugins new`: which names it takes, what it writes, and that it overwrites nothing.

That the plugin installs, keeps the contract and answers is told in tests/scenarios/test_zoo.py.
"""

import json
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from podion.cli.new_plugin import checked_name, write_plugin
from podion.errors import Conflict, DataError

FILES = {
    "README.md", "pyproject.toml", "src/podion_it_help/__init__.py", "src/podion_it_help/plugin.py",
    "src/podion_it_help/routes.py", "src/podion_it_help/sample.jsonl", "src/podion_it_help/schema.py",
    "tests/test_contract.py",
}  # fmt: skip


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_it_says_what_it_wrote_and_what_to_type_next(here: Any, tmp_path: Path) -> None:
    told = here("plugins", "new", "it-help", "--dir", tmp_path / "a b", "--json").json
    folder = tmp_path / "a b" / "podion-it-help"
    assert (told["name"], told["folder"], set(told["files"])) == ("it_help", str(folder), FILES)
    assert _files(folder) == FILES
    assert told["next"] == [
        f"pip install -e {shlex.quote(str(folder))}",
        f"python -m pytest {shlex.quote(str(folder))}/tests",
        "podion plugins list",
    ]
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["podion.plugins"] == {"it_help": "podion_it_help.plugin"}
    words = here("plugins", "new", "it_help", "--dir", tmp_path / "words").out
    assert all(command.partition(" ")[0] in words for command in told["next"]) and "schema.py" in words


def test_nothing_is_left_to_fill_in(tmp_path: Path) -> None:
    folder = write_plugin("it_help", tmp_path).folder
    texts = [(folder / name).read_text("utf-8") for name in FILES]
    assert not [text for text in texts if "$" in text or "TODO" in text]
    rows = [json.loads(line) for line in (folder / "src/podion_it_help/sample.jsonl").read_text("utf-8").splitlines()]
    assert {row["kind"] for row in rows} == {"complaint", "praise", "question"} and len(rows) >= 30


def test_its_readme_has_the_five_headings(tmp_path: Path) -> None:
    lines = (write_plugin("it_help", tmp_path).folder / "README.md").read_text("utf-8").splitlines()
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert headings == ["What it does", "Records", "Tasks", "Routes", "Develop"]


def test_what_it_writes_is_tidy(tmp_path: Path) -> None:
    folder = write_plugin("a_b", tmp_path).folder
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--line-length", "120"]
    for command in (
        [*ruff, "check", *options, "--select", "E,F,I,B,UP,D1", "--config", f"src=['{folder / 'src'}']"],
        [*ruff, "format", *options, "--check"],
    ):
        done = subprocess.run([*command, str(folder)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout


def test_nothing_is_overwritten(here: Any, tmp_path: Path) -> None:
    folder = write_plugin("it_help", tmp_path).folder
    (folder / "README.md").write_text("mine")
    assert "nothing is overwritten" in here("plugins", "new", "it_help", "--dir", tmp_path).refusal
    assert (folder / "README.md").read_text() == "mine"
    assert _files(tmp_path) == {f"podion-it-help/{name}" for name in FILES}


@pytest.mark.parametrize(
    "name", ["", "It_help", "it help", "7days", "a__b", "_a", "a_", "../a", "a/b", "class", "hilfe-für-alle", "x" * 41]
)
def test_a_name_that_is_no_word_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be a vertical's name"):
        write_plugin(name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "owner"),
    [("praise", "taken by podion-praise"), ("customer-service", "podion-customer-service"), ("keys", "platform")],
)
def test_a_name_that_is_taken_is_refused(name: str, owner: str) -> None:
    with pytest.raises(Conflict, match=owner):
        checked_name(name)


def test_a_disk_that_refuses_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="No space"):
        write_plugin("it_help", tmp_path)
    assert not list(tmp_path.iterdir())
