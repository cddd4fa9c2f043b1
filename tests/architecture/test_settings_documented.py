"""Every setting an operator may make stands in docs/operate.md, with its meaning."""

from pathlib import Path

import pytest

from podion.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "operate.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_setting_is_documented(name: str) -> None:
    line = next((line for line in PAGE.read_text("utf-8").splitlines() if f"`PODION_{name.upper()}`" in line), "")
    meaning = Settings.model_fields[name].description
    assert meaning, name
    assert meaning in line, f"docs/operate.md lacks PODION_{name.upper()}: {meaning}"
