"""The suite names its folders, the long ones first; none is left out."""

import tomllib
from pathlib import Path


def test_every_test_lies_in_a_folder_that_the_suite_names(root: Path) -> None:
    options = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    named = [root / each for each in options["testpaths"]]
    left_out = [
        path
        for path in (root / "tests").rglob("test_*.py")
        if "fixtures" not in path.parts and not any(path.is_relative_to(folder) for folder in named)
    ]
    assert left_out == []
    assert all(any(folder.rglob("test_*.py")) for folder in named)
