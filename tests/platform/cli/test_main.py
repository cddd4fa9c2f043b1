"""The command line as a whole: how it is called, what it prints where, and what plugins add."""

import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

COMMANDS = {
    (): {
        "demo", "serve", "doctor", "fit", "evaluate", "predict", "split", "migrate", "backup", "restore",
        "tenant", "key", "bases", "plugins",
    },
    ("tenant",): {"create", "list", "disable", "delete", "export"},
    ("key",): {"create", "rotate", "revoke"},
    ("bases",): {"list", "install"},
    ("plugins",): {"list", "new"},
}  # fmt: skip


@pytest.mark.parametrize("group", COMMANDS)
def test_help_names_every_command(here: Any, group: tuple[str, ...]) -> None:
    ran = here(*group, "--help")
    listed = {line.split()[1] for line in ran.out.splitlines() if line.startswith("│ ") and line[2] != " "}
    assert ran.status == 0
    assert listed - {"--help"} == COMMANDS[group]


def test_python_m_podion_is_podion(podion: Any) -> None:
    module = type(podion)(home=podion.home, command=(sys.executable, "-m", "podion"))
    for words in (("--help",), ("tenant", "list", "--json"), ("restore", "x"), ("nonsense",)):
        ours, theirs = podion(*words), module(*words)
        assert ours == theirs, words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("tenant", "export", "acme", "--json"), "adapters"),
    ],
)
def test_what_is_not_built_says_so(here: Any, words: tuple[str, ...], expected: str) -> None:
    said = here(*words).refusal
    assert "later version" in said or "next version" in said
    assert expected in said


def test_a_word_that_is_no_command_is_a_usage_error(podion: Any) -> None:
    ran = podion("nonsense")
    assert ran.status == 2 and ran.out == ""
    assert "No such command" in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PODION_PORT": "many"}, "PODION_PORT"),
        ({"PODION_DATABASE_URL": "nonsense"}, "PODION_DATABASE_URL"),
        ({"PODION_DEVICE": "tpu"}, "PODION_DEVICE"),
    ],
)
@pytest.mark.parametrize("words", [("migrate",), ("doctor",)])
def test_bad_settings_name_the_variable(
    here: Any, words: tuple[str, ...], environment: dict[str, str], expected: str
) -> None:
    assert expected in here(*words, "--json", **environment).refusal


def test_a_state_folder_that_cannot_be_is_one_line(here: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert str(file) in here("tenant", "list", PODION_HOME=str(file)).refusal


def test_migrate_makes_the_database_and_may_be_repeated(here: Any) -> None:
    assert here("migrate", "--json").json == {"migrated": True}
    assert (here.home / "podion.sqlite").is_file()
    assert here("migrate", "--json").json == {"migrated": True}


def test_doctor_finds_all_well(podion: Any) -> None:
    found = podion("doctor", "--json", PODION_PORT="1").json
    assert found["well"] is True
    seen = {check["what"]: check["seen"] for check in found["checks"]}
    assert seen.keys() == {"state", "disk", "base", "database", "faiss", "plugin", "server"}
    assert "minilm-l6" in seen["base"] and "not running" in seen["server"]
    assert all(check["do"] == "" for check in found["checks"])


def test_doctor_says_what_to_do(podion: Any, tmp_path: Path) -> None:
    ran = podion("doctor", PODION_BASES=str(tmp_path / "none"), PODION_PORT="1")
    assert ran.status == 1
    assert "✗ base" in ran.out and "podion bases install minilm-l6" in ran.out


def test_bases(podion: Any, tmp_path: Path) -> None:
    listed = {base["name"]: base for base in podion("bases", "list", "--json").json["data"]}
    assert listed["minilm-l6"]["installed"] and listed["minilm-l6"]["languages"] == ["en"]
    assert {"zh", "en"} <= set(listed["me5-small"]["languages"])
    installed = podion("bases", "install", "minilm-l6", "--json").json
    assert installed["name"] == "minilm-l6" and len(installed["fingerprint"]) == 16
    none = podion("bases", "list", "--json", PODION_BASES=str(tmp_path / "none")).json["data"]
    assert {base["name"]: base["installed"] for base in none} == {"minilm-l6": False, "me5-small": False}
    assert str(tmp_path / "nowhere") in podion("bases", "install", str(tmp_path / "nowhere")).refusal


def install(folder: Path, name: str, source: str) -> None:
    """Write a distribution with one plugin, as pip would leave it."""
    package = folder / f"podion_{name}"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(dedent(source))
    about = folder / f"podion_{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: podion-{name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[podion.plugins]\n{name} = podion_{name}.plugin\n")


PARROT = '''
    from typing import Literal

    import typer
    from pydantic import BaseModel

    from podion import LabelHead, Task, Vertical, hookimpl


    class Word(BaseModel):
        text: str
        label: Literal["a", "b"] | None = None


    @hookimpl
    def register_vertical() -> Vertical:
        task = Task(name="say", record=Word, head=LabelHead())
        return Vertical(name="parrot", title={"en": "Parrot", "zh": "鹦鹉"}, tasks=(task,))


    @hookimpl
    def register_commands(cli: typer.Typer) -> None:
        @cli.command("say")
        def say(word: str) -> None:
            """Say it again."""
            typer.echo(word * 2)
'''


def test_a_plugins_command_is_there(podion: Any, tmp_path: Path) -> None:
    install(tmp_path / "site", "parrot", PARROT)
    ran = podion("parrot", "say", "polly", PYTHONPATH=str(tmp_path / "site"))
    assert (ran.status, ran.out) == (0, "pollypolly\n"), ran.err
    assert "Say it again" in podion("parrot", "say", "--help", PYTHONPATH=str(tmp_path / "site")).out


def test_a_broken_plugin_is_listed_with_its_cause(podion: Any, tmp_path: Path) -> None:
    install(tmp_path / "site", "broken", "import a_module_that_nobody_has\n")
    install(tmp_path / "site", "parrot", PARROT)
    listed = podion("plugins", "list", "--json", PYTHONPATH=str(tmp_path / "site")).json["data"]
    states = {record["name"]: record["state"] for record in listed}
    assert states.pop("broken") == "quarantined"
    assert {"customer_service", "parrot", "praise"} <= set(states)
    assert set(states.values()) == {"ready"}
    broken = listed[0]
    assert (broken["distribution"], broken["version"], broken["phase"]) == ("podion-broken", "1.0", "imported")
    assert "a_module_that_nobody_has" in broken["error"] and broken["hint"]
    ran = podion("parrot", "say", "polly", PYTHONPATH=str(tmp_path / "site"))
    assert (ran.status, ran.out) == (0, "pollypolly\n"), "one broken plugin does not take the commands of others away"
    doctor = podion("doctor", PYTHONPATH=str(tmp_path / "site"), PODION_PORT="1")
    assert doctor.status == 1 and "a_module_that_nobody_has" in doctor.out
