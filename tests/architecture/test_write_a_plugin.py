"""The plugin that docs/write-a-plugin.md builds is built from its text, step by step, and keeps the contract."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

BLOCK = re.compile(r"<!-- (?:file: (?P<path>\S+)|(?P<check>check)) -->(?:\n```\w+\n(?P<text>.*?)^```$)?", re.M | re.S)
PAGE = Path(__file__).parents[2] / "docs" / "write-a-plugin.md"
COMMAND = re.compile(r"^(?:\.venv/bin/)?podion (\w+)", re.MULTILINE)


def _stages() -> list[dict[str, str]]:
    """Return the files as they stand at each check of the page."""
    files: dict[str, str] = {}
    stages = []
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if block["check"]:
            stages.append(dict(files))
        else:
            files[block["path"]] = block["text"]
    return stages


def _install(files: dict[str, str], folder: Path) -> Path:
    """Write the files, and beside them what pip would write; return the folder to put on the path."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project = tomllib.loads(files["pyproject.toml"])["project"]
    info = folder / "src" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    fields = {
        "Metadata-Version": "2.4",
        "Name": project["name"],
        "Version": project["version"],
        "Summary": project["description"],
        "Requires-Python": project["requires-python"],
        "License-Expression": project["license"],
        "Requires-Dist": project["dependencies"][0],
    }
    (info / "METADATA").write_text("".join(f"{name}: {value}\n" for name, value in fields.items()))
    points = project["entry-points"]["podion.plugins"]
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[podion.plugins]", *lines, ""]))
    return folder / "src"


def test_the_page_has_stages() -> None:
    stages = _stages()
    assert len(stages) == 3
    assert "src/podion_it_help/heads.py" not in stages[0]
    assert "src/podion_it_help/heads.py" in stages[1]
    assert "Config" in stages[2]["src/podion_it_help/plugin.py"]


@pytest.mark.parametrize("stage", range(len(_stages())))
def test_each_stage_keeps_the_contract(stage: int, tmp_path: Path) -> None:
    source = _install(_stages()[stage], tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 41  # type: ignore[index]


def test_the_last_stage_is_tidy(tmp_path: Path, root: Path) -> None:
    source = _install(_stages()[-1], tmp_path)
    ruff = ["ruff", "check", "--select", "E,F,I,B,UP", "--line-length", "120", "--config", f"src=['{source}']"]
    for command in (
        [*ruff, "--isolated", str(source)],
        ["ruff", "format", "--isolated", "--line-length", "120", "--check", str(source)],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], capture_output=True, text=True, cwd=root, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout


def test_every_command_on_the_page_is_there() -> None:
    from podion.cli.main import build

    app = build()
    known = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    named = set(COMMAND.findall(PAGE.read_text(encoding="utf-8")))
    assert named
    assert named <= known


def test_every_link_leads_somewhere() -> None:
    for page in (PAGE, PAGE.with_name("hooks.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
