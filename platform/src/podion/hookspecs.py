"""Every question the platform asks a plugin.

Hooks are called when plugins load or from a queue after a reply, never while a request waits. Each plugin is asked
alone, so that a failure has one owner.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pluggy
import typer

from podion.vertical import Vertical

PROJECT = "podion"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An adapter that asks to serve: whose, for which task, and how it measured."""

    tenant: str
    vertical: str
    task: str
    adapter: str
    metrics: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Served:
    """A prediction that was given."""

    tenant: str
    vertical: str
    task: str
    prediction_id: str
    answer: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What a client said of a prediction; `labels` holds its label, or all of them where a task has several."""

    tenant: str
    vertical: str
    task: str
    prediction_id: str
    label: str | None
    value: float | None
    comment: str | None
    at: datetime
    out_of_scope: bool = False
    labels: tuple[str, ...] = ()


@hookspec
def register_vertical() -> Vertical:
    """Return the vertical that this plugin brings. Required; asked once, at load."""
    raise AssertionError("a specification is never called")


@hookspec
def register_commands(cli: typer.Typer) -> None:
    """Add commands under `podion <vertical> …`. Asked once, when the command line starts."""


@hookspec
def may_deploy(candidate: Candidate) -> str | None:
    """Return None to let the candidate serve, or the reason why not. A hook that raises counts as a no."""


@hookspec
def on_prediction(served: Served) -> None:
    """Watch a prediction, from a queue after the reply. What it raises is logged with the plugin's name."""


@hookspec
def on_feedback(reviewed: Reviewed) -> None:
    """Watch feedback, from a queue after the reply. What it raises is logged with the plugin's name."""
