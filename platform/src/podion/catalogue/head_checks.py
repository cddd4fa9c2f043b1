"""Which head a task names, a ready-made one or the plugin's own by import path, and which challengers. Imports none."""

import re
from collections.abc import Iterator

from podion.catalogue.plugin_record import Origin, Problem
from podion.catalogue.suggestions import listed
from podion.catalogue.task_checks import measures_itself
from podion.head_kinds import READY_MADE, OwnHead, ReadyMade
from podion.vertical import Task, Vertical

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def own_head_paths(vertical: Vertical) -> list[str]:
    """Return the import paths of the heads that the plugin itself brings, each once and sorted."""
    return sorted({task.head_declaration.implementation for task in vertical.tasks} - READY_MADE)


def own_head_demands(vertical: Vertical) -> dict[str, bool]:
    """Return the import paths of the plugin's own heads, sorted, each with whether it has to measure its answers."""
    demands = dict.fromkeys(own_head_paths(vertical), False)
    for task in vertical.tasks:
        path = task.head_declaration.implementation
        if path in demands and measures_itself(task):
            demands[path] = True
    return demands


def challenger_problems(origin: Origin, task: Task) -> Iterator[Problem]:
    """Yield what is wrong with the way a task names its challengers."""
    for path in task.challengers:
        if not isinstance(path, str) or not _PATH.fullmatch(path) or path.split(":")[0].split(".")[0] != origin.package:
            yield Problem(
                f"task {task.name!r}: its challenger is {path!r}; an import path inside {origin.package} is allowed",
                f'write challengers=("{origin.package}.challenger:Class",)',
            )
    if len(set(task.challengers)) != len(task.challengers):
        yield Problem(f"task {task.name!r}: a challenger is named twice", "name each once")


def head_problems(origin: Origin, task: Task) -> Iterator[Problem]:
    """Yield what is wrong with the way a task names its head."""
    head: object = task.head  # a declaration may hold anything
    if not isinstance(head, str | ReadyMade | OwnHead):
        yield Problem(
            f"task {task.name!r}: its head is {head!r}; a declaration such as LabelHead(), or an import path",
            'write head=LabelHead(), or head="package.heads:Class"',
        )
        return
    path = task.head_declaration.implementation
    if path in READY_MADE:
        return
    if not _PATH.fullmatch(path):
        yield Problem(
            f"task {task.name!r}: its head is {path!r}; an import path `package.module:Class` is allowed",
            f'write head="{origin.package}.heads:Class"',
        )
        return
    package = path.split(":")[0].split(".")[0]
    if package == "podion" or (package.startswith("podion_") and package != origin.package):
        yield Problem(
            f"task {task.name!r}: its head {path!r} is inside the platform or another plugin; allowed:"
            f" {listed(READY_MADE)}, or one of its own",
            f"bring the head in {origin.package}.heads",
        )
