"""What is checked of a declaration before it serves: the vertical as a whole, then its tasks, heads and routes."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import get_args

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import BaseModel

from podion.catalogue.background_checks import background_problems
from podion.catalogue.head_checks import challenger_problems, head_problems
from podion.catalogue.kind_checks import kind_problems
from podion.catalogue.plugin_record import Origin, Problem, describe
from podion.catalogue.route_checks import route_problems
from podion.catalogue.task_checks import task_problems
from podion.vertical import API_VERSION, Task, Vertical, config_defaults

SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LANGUAGES = ("en", "zh")
_HOST_PATHS = frozenset(
    {"admin", "adapters", "alerts", "chat", "collections", "completions", "embeddings", "files", "fine_tuning"}
    | {"jobs", "keys", "me", "models", "openapi", "usage", "verticals", "webhooks"}
)
_HOST_COMMANDS = frozenset(
    {"backup", "bases", "demo", "doctor", "evaluate", "fit", "key", "migrate", "plugins", "predict", "restore"}
    | {"serve", "split", "tenant"}
)
RESERVED = _HOST_PATHS | _HOST_COMMANDS


def declaration_problems(origin: Origin, vertical: Vertical) -> Iterator[Problem]:
    """Yield everything wrong with what a plugin declares; only the API version when that does not fit."""
    of_version = list(_version_problems(vertical))
    if of_version:
        yield from of_version
        return
    yield from _name_problems(origin, vertical)
    yield from _word_problems(vertical)
    yield from _config_problems(vertical)
    yield from _sample_problems(origin, vertical)
    yield from _all_tasks_problems(origin, vertical)
    yield from kind_problems(vertical)
    yield from background_problems(vertical)
    yield from route_problems(vertical)


def _version_problems(vertical: Vertical) -> Iterator[Problem]:
    try:
        allowed = SpecifierSet(vertical.requires_api)
    except InvalidSpecifier:
        yield Problem(
            f"requires_api is {vertical.requires_api!r}; a version specifier (PEP 440) is allowed",
            'write for example requires_api=">=1.0,<2"',
        )
        return
    if not allowed.contains(API_VERSION, prereleases=True):
        yield Problem(
            f"it needs API {vertical.requires_api}; this platform speaks {API_VERSION}",
            f"install a version of the plugin that speaks {API_VERSION}, or another version of podion",
        )


def _name_problems(origin: Origin, vertical: Vertical) -> Iterator[Problem]:
    name = vertical.name
    if not SNAKE_CASE.fullmatch(name):
        yield Problem(f"the vertical's name is {name!r}; snake_case (a-z, 0-9, _) is allowed", "rename the vertical")
    if name != origin.name:
        yield Problem(
            f"the vertical's name is {name!r} and the entry point's is {origin.name!r}; they must be equal",
            f"name the entry point {name!r} in pyproject.toml, or the vertical {origin.name!r}",
        )
    if origin.package != f"podion_{origin.name}":
        yield Problem(
            f"its code is in the package {origin.package!r}; 'podion_{origin.name}' is allowed",
            f"rename the package to podion_{origin.name}",
        )
    if name in RESERVED:
        yield Problem(f"the platform uses the name {name!r} itself, in URLs or as a command", "rename the vertical")


def _word_problems(vertical: Vertical) -> Iterator[Problem]:
    titles = vertical.title if isinstance(vertical.title, Mapping) else {}
    missing = [language for language in LANGUAGES if not str(titles.get(language) or "").strip()]
    if missing:
        yield Problem(
            f"its title lacks {' and '.join(missing)}; a title in English and in Chinese is required",
            'write title={"en": "…", "zh": "…"}',
        )
    classes = get_args(Vertical.__annotations__["risk_class"])
    if vertical.risk_class not in classes:
        yield Problem(f"its risk class is {vertical.risk_class!r}; allowed: {', '.join(classes)}", "choose one of them")


def _config_problems(vertical: Vertical) -> Iterator[Problem]:
    config: object = vertical.config  # a declaration may hold anything
    if config is None:
        return
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        yield Problem(f"its config is {config!r}; a pydantic model is allowed", "give the model's class")
        return
    try:
        config_defaults(vertical)
    except Exception as error:
        yield Problem(
            f"its config {config.__name__} cannot be built from defaults alone: {describe(error)}",
            "give each field of the config a default: a tenant may enable the vertical without settings",
        )


def _sample_problems(origin: Origin, vertical: Vertical) -> Iterator[Problem]:
    if vertical.sample is None:
        return
    parts = vertical.sample.split("/")
    if not vertical.sample.endswith(".jsonl") or ".." in parts or "" in parts:
        yield Problem(
            f"its sample is {vertical.sample!r}; a .jsonl file inside the package is allowed",
            "name it relative to the package, for example sample.jsonl",
        )
    elif not resources.files(origin.package).joinpath(*parts).is_file():
        yield Problem(
            f"its sample {vertical.sample!r} is not in the package {origin.package!r}",
            "put the file there and let the wheel include it",
        )


def _all_tasks_problems(origin: Origin, vertical: Vertical) -> Iterator[Problem]:
    tasks = vertical.tasks
    if not isinstance(tasks, tuple) or not all(isinstance(task, Task) for task in tasks):
        yield Problem(f"its tasks are {tasks!r}; a tuple of podion.Task is allowed", "write tasks=(task,)")
        return
    if not tasks:
        yield Problem("it declares no task; at least one is required", "write tasks=(task,)")
    for name, count in Counter(task.name for task in tasks).items():
        if count > 1:
            yield Problem(f"{count} of its tasks are named {name!r}; a name is used once", "rename all but one")
    for task in tasks:
        if not SNAKE_CASE.fullmatch(task.name):
            yield Problem(f"a task is named {task.name!r}; snake_case (a-z, 0-9, _) is allowed", "rename the task")
        yield from task_problems(task)
        yield from head_problems(origin, task)
        yield from challenger_problems(origin, task)
