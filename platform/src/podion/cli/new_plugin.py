"""A new plugin, complete: it installs, keeps the contract and answers. What it is made of lies in `scaffold/`."""

import keyword
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path
from string import Template

from podion.errors import Conflict, DataError

_WORDS = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_NAME = 40

_FILES: Mapping[str, str] = {
    "pyproject.toml": "pyproject.toml.tmpl",
    "README.md": "README.md.tmpl",
    "src/podion_$name/__init__.py": "init.py.tmpl",
    "src/podion_$name/plugin.py": "plugin.py.tmpl",
    "src/podion_$name/schema.py": "schema.py.tmpl",
    "src/podion_$name/routes.py": "routes.py.tmpl",
    "src/podion_$name/sample.jsonl": "sample.jsonl.tmpl",
    "tests/test_contract.py": "test_contract.py.tmpl",
}


@dataclass(frozen=True, kw_only=True)
class Written:
    """A plugin that was written: the vertical's name, its folder, the files in it, and the commands to type next."""

    name: str
    folder: Path
    files: tuple[str, ...]
    commands: tuple[str, ...]


def write_plugin(wanted: str, folder: Path) -> Written:
    """Write the distribution `podion-<name>` into `folder`.

    Overwrites nothing. Raises `DataError` for a name that no vertical may have and `Conflict` for one that is taken.
    """
    name = checked_name(wanted)
    dashed = name.replace("_", "-")
    target = folder / f"podion-{dashed}"
    if target.exists():
        raise Conflict(f"{target} is there already, and nothing is overwritten: name another folder with --dir")
    words = {
        "name": name,
        "dashed": dashed,
        "title": name.replace("_", " ").capitalize(),
        "camel": "".join(word.capitalize() for word in name.split("_")),
    }
    files = {Template(path).substitute(words): _filled(template, words) for path, template in _FILES.items()}
    _write(files, target)
    place = shlex.quote(str(target))
    commands = (f"pip install -e {place}", f"python -m pytest {place}/tests", "podion plugins list")
    return Written(name=name, folder=target, files=tuple(sorted(files)), commands=commands)


def checked_name(wanted: str) -> str:
    """Return the name of a vertical, with underscores; raises `DataError` or `Conflict` that says what to choose."""
    from podion.catalogue.checks import RESERVED
    from podion.catalogue.plugin_record import GROUP

    name = wanted.replace("-", "_")
    if not _WORDS.fullmatch(name) or len(name) > _LONGEST_NAME or keyword.iskeyword(name):
        raise DataError(
            f"{wanted[:80]!r} cannot be a vertical's name: write one to {_LONGEST_NAME} characters, words of a-z and"
            " 0-9 with underscores between, and no word of Python itself, for example it_help"
        )
    if name in RESERVED:
        raise Conflict(f"the platform uses the name {name!r} itself, in URLs or as a command: choose another")
    for entry in entry_points(group=GROUP):
        if entry.name.lower().replace("-", "_") == name:
            owner = entry.dist.name if entry.dist else entry.value
            raise Conflict(f"the name {name!r} is taken by {owner}, which is installed: choose another")
    return name


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = resources.files("podion.cli").joinpath("scaffold", template).read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _write(files: Mapping[str, str], target: Path) -> None:
    """Write the files into a folder beside the target, which then takes its place: all of it or nothing."""
    staged = target.with_name(f".{target.name}.partial")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        for path, text in files.items():
            file = staged / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        staged.rename(target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
