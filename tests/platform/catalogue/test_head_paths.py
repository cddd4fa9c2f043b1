"""Own heads are tried in a child process, where torch is; a crash there has one owner."""

import subprocess
import sys
from pathlib import Path

import pytest

from podion.catalogue.catalogue import load_plugins
from podion.catalogue.head_paths import check_in_child
from podion.catalogue.plugin_record import GROUP

OWN_HEAD = Path(__file__).parents[2] / "fixtures" / "own_head" / "src"


def test_without_paths_there_is_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    assert check_in_child([]) == {}


def test_a_child_tells_good_heads_from_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The crash of one is not held against the others, and what a module prints does no harm."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(OWN_HEAD))
    (tmp_path / "heads_that_print.py").write_text("print('hello')\nclass Own: ...\n")
    (tmp_path / "heads_that_crash.py").write_text("import os\nos._exit(9)\n")
    fine = "podion_own_head.heads:CentroidHead"
    paths = [fine, "heads_that_print:Own", "heads_that_crash:Own", "heads_that_are_absent:Own"]
    errors = check_in_child(paths, 120)
    assert set(errors) == set(paths) - {fine}
    assert "a subclass of podion.nn.Head is allowed" in errors["heads_that_print:Own"]
    assert "ended the process with status 9" in errors["heads_that_crash:Own"]
    assert "ModuleNotFoundError" in errors["heads_that_are_absent:Own"]


def test_a_head_that_never_ends_to_load_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "heads_that_wait.py").write_text("import time\ntime.sleep(60)\n")
    errors = check_in_child(["heads_that_wait:Own"], timeout=0.5)
    assert errors == {"heads_that_wait:Own": "importing it took longer than 0.5 seconds"}


OWN = f"""
import sys
from importlib.metadata import EntryPoint
from podion.catalogue.catalogue import load_plugins
from podion.catalogue.head_paths import check_in_child
entry = EntryPoint("own_head", "podion_own_head.plugin", {GROUP!r})
catalogue = load_plugins(strict=True, entry_points=[entry], check_heads=check_in_child)
vertical, task = catalogue.task("own_head/desk")
assert "torch" not in sys.modules and "podion_own_head.heads" not in sys.modules
print(task.head_declaration.implementation, task.answer_schema.__name__)
"""


def test_a_head_of_ones_own_loads_without_torch_in_this_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OWN],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(OWN_HEAD)},
        timeout=120,
        check=False,
    )
    assert done.stdout.split() == ["podion_own_head.heads:CentroidHead", "DeskAnswer"], done.stderr


def test_installed_plugins_pass_with_heads_checked() -> None:
    states = {plugin.name: plugin.state for plugin in load_plugins(check_heads=check_in_child).plugins}
    assert states["praise"] == "ready"
