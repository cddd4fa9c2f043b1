"""`podion` as a user runs it: in a process of its own, with a state folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from podion.cli.main import build

LONGEST_SECONDS = 280


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object that a command printed, and nothing else."""
        assert self.status == 0, self.err
        assert self.out.endswith("\n") and self.out.count("\n") == 1, self.out
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def refusal(self) -> str:
        """The one line of a command that refused: no output, no traceback, exit status 1."""
        assert (self.status, self.out) == (1, ""), (self.status, self.out, self.err)
        lines = self.err.splitlines()
        assert lines and lines[-1].startswith("podion: "), self.err
        assert "Traceback" not in self.err
        assert not [line for line in lines[:-1] if line.startswith("podion: ")], self.err
        return lines[-1].removeprefix("podion: ")


@dataclass(kw_only=True)
class Podion:
    """The command, with the environment that each run of it gets."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    command: Sequence[str] = (str(Path(sys.executable).with_name("podion")),)

    def variables(self, environment: dict[str, str]) -> dict[str, str]:
        """The environment of one run."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PODION_")}
        ours = {"PODION_BASE": "minilm-l6", "PODION_THREADS": "1", "PODION_DEVICE": "cpu"}
        return {**inherited, "PODION_HOME": str(self.home), **ours, **self.environment, **environment}

    def __call__(self, *words: str | Path, **environment: str) -> Ran:
        """Run one command to its end."""
        ran = subprocess.run(
            [*self.command, *map(str, words)],
            env=self.variables(environment),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            timeout=LONGEST_SECONDS,
            check=False,
        )
        return Ran(status=ran.returncode, out=ran.stdout, err=ran.stderr)


class PodionHere(Podion):
    """The command in this process: the same words, the same answers, and no second of start-up."""

    def __call__(self, *words: str | Path, **environment: str) -> Ran:
        """Run one command to its end."""
        variables: dict[str, str | None] = {name: None for name in os.environ if name.startswith("PODION_")}
        ran = CliRunner().invoke(build(), [*map(str, words)], env={**variables, **self.variables(environment)})
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
        return Ran(status=ran.exit_code, out=ran.stdout, err=ran.stderr)


@pytest.fixture
def here(tmp_path: Path) -> PodionHere:
    return PodionHere(home=tmp_path / "home")


@pytest.fixture
def podion(tmp_path: Path) -> Podion:
    return Podion(home=tmp_path / "home")


@pytest.fixture(scope="session")
def podion_for_all(tmp_path_factory: pytest.TempPathFactory) -> Podion:
    """One for the session's fixtures, which change nothing in the state folder."""
    return Podion(home=tmp_path_factory.mktemp("cli"))
