"""Distributions that are written to a temporary folder, so that plugins load as a stranger's do."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from podion.catalogue.catalogue import Catalogue, load_plugins
from podion.catalogue.plugin_record import PluginRecord

PLUGIN = '''
from fastapi import APIRouter
from pydantic import BaseModel
from podion import Caller, LabelHead, Prediction, Task, Vertical, hookimpl, requires


class Remark(BaseModel):
    text: str
    label: str | None = None


judge = Task(name="judge", record=Remark, head=LabelHead())
router = APIRouter(dependencies=[requires("predict")])


@router.post("/judge")
async def post_judge(remark: Remark, caller: Caller) -> Prediction:
    """Judge a remark."""
    return await caller.predict(judge, [remark])


@hookimpl
def register_vertical() -> Vertical:
    return Vertical(name="NAME", title={"en": "A", "zh": "甲"}, tasks=(judge,), router=router)
'''


@dataclass(kw_only=True)
class Shelf:
    """A folder of installed distributions; each `add` installs one more."""

    folder: Path
    packages: set[str] = field(default_factory=set)

    def add(
        self,
        name: str,
        source: str | None = None,
        *,
        distribution: str | None = None,
        entry: str | None = None,
        files: Mapping[str, str] | None = None,
    ) -> None:
        """Install a plugin; without a `source` a good one, else the good one is followed or replaced by it."""
        package = self.folder / f"podion_{name}"
        if not package.exists():
            package.mkdir()
            (package / "__init__.py").touch()
            (package / "plugin.py").write_text(source if source is not None else good(name), encoding="utf-8")
        for path, text in (files or {}).items():
            (package / path).write_text(text, encoding="utf-8")
        self.packages.add(package.name)
        distribution = distribution or f"podion-{name.replace('_', '-')}"
        info = self.folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[podion.plugins]\n{entry or name} = {package.name}.plugin\n")

    def entry_points(self) -> list[EntryPoint]:
        """Return the entry points of everything on the shelf, and of nothing else."""
        return [entry for found in distributions(path=[str(self.folder)]) for entry in found.entry_points]

    def load(self, **options: Any) -> Catalogue:
        """Return the catalogue of the shelf."""
        return load_plugins(entry_points=self.entry_points(), **options)

    def record(self, name: str, **options: Any) -> PluginRecord:
        """Load the shelf and return what is known of one plugin."""
        return next(plugin for plugin in self.load(**options).plugins if plugin.name == name)


def good(name: str, more: str = "") -> str:
    """Return the source of a plugin that keeps its contract, followed by `more`."""
    return PLUGIN.replace("NAME", name) + dedent(more)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Shelf(folder=tmp_path)
    yield made
    for module in [name for name in sys.modules if name.split(".")[0] in made.packages]:
        del sys.modules[module]


@pytest.fixture
def good_plugin() -> Any:
    return good
