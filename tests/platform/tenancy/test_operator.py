import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from podion.errors import BadSettings
from podion.settings import Settings
from podion.tenancy.operator import is_operator, operator_key

READ = """
import sys
from pathlib import Path
from podion.settings import Settings
from podion.tenancy.operator import operator_key
print(operator_key(Settings(home=Path(sys.argv[1]))))
"""


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PODION_OPERATOR_KEY", raising=False)


def test_the_key_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    key = operator_key(settings)
    path = tmp_path / "home" / "operator.key"
    assert len(key) >= 40
    assert operator_key(settings) == key == path.read_text().strip()
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_processes_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", READ, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate(timeout=60)[0].strip() for process in running]
    assert len(set(said)) == 1
    assert said[0] == operator_key(Settings(home=tmp_path))


def test_a_setting_wins_and_writes_no_file(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, operator_key=SecretStr("correct horse battery"))
    assert operator_key(settings) == "correct horse battery"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "short"])
def test_a_key_that_can_be_guessed_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(BadSettings, match="PODION_OPERATOR_KEY"):
        operator_key(Settings(home=tmp_path, operator_key=SecretStr(key)))
    (tmp_path / "operator.key").write_text(key)
    (tmp_path / "operator.key").chmod(0o600)
    with pytest.raises(BadSettings, match=r"operator\.key"):
        operator_key(Settings(home=tmp_path))


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    operator_key(Settings(home=tmp_path))
    (tmp_path / "operator.key").chmod(0o644)
    with pytest.raises(BadSettings, match="chmod 600"):
        operator_key(Settings(home=tmp_path))


def test_only_the_same_key_is_the_operators() -> None:
    assert is_operator("correct horse", "correct horse")
    for other in ("", "correct", "correct horse ", "正确的马", "\ud800"):
        assert not is_operator("correct horse", other)
