"""Heads by import path. As a program (`… SECONDS PATH…`) it says which paths do not load.

With `?measure` after it, a path must name a head that measures its own answers.
"""

import contextlib
import importlib
import inspect
import json
import sys
import threading
from collections.abc import Sequence
from typing import Any

from podion.errors import PluginError
from podion.nn import Head


def resolve_head(path: str) -> type[Head[Any, Any]]:
    """Return the head that `package.module:Class` names; raises `PluginError` that says why it is none.

    Where the module holds a text under that name, it is the path of the head that took its place, in the platform or in
    the plugin: so adapters that were saved with the old path go on. Whatever the module raises while it is imported
    comes through as it is.
    """
    found = _named(path)
    if isinstance(found, str):
        found = _named(found)
    if not (inspect.isclass(found) and issubclass(found, Head)):
        raise PluginError(f"{path!r} is {found!r}; a subclass of podion.nn.Head is allowed", code="bad_head")
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise PluginError(f"{path!r} lacks {', '.join(missing)}, which a head must have", code="bad_head")
    return found


def _named(path: str) -> object:
    module, _, name = path.partition(":")
    if not module or not name:
        raise PluginError(f"{path!r} names no head: write `package.module:Class`", code="bad_head")
    found = getattr(importlib.import_module(module), name, None)
    if found is None:
        raise PluginError(f"the module {module!r} has no {name!r}", code="bad_head")
    return found


def errors_of(paths: Sequence[str]) -> dict[str, str]:
    """Return path -> what is wrong with it, for the paths that do not load."""
    errors: dict[str, str] = {}
    for path in paths:
        try:
            _check(path)
        except PluginError as error:
            errors[path] = error.detail
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            errors[path] = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return errors


def _check(demand: str) -> None:
    path, _, wanted = demand.partition("?")
    found = resolve_head(path)
    if wanted == "measure" and found.measure is Head.measure:
        raise PluginError(
            f"{path!r} gives answers of a kind that the platform cannot measure, and does not override `measure`: "
            "return there what a report shows of answers to labelled records, the task's metric among it",
            code="bad_head",
        )


def errors_in_time(paths: Sequence[str], seconds: float) -> dict[str, str]:
    """Return what `errors_of` does; a path that takes longer than `seconds` to import is wrong as well."""
    errors: dict[str, str] = {}
    for path in paths:
        found: list[dict[str, str]] = []
        thread = threading.Thread(target=lambda path=path, found=found: found.append(errors_of([path])), daemon=True)
        thread.start()
        thread.join(seconds)
        errors.update(found[0] if found else {path: f"importing it took longer than {seconds:g} seconds"})
    return errors


def main(words: Sequence[str]) -> None:
    """Write one JSON object on standard output; what the modules print goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr):
        errors = errors_in_time(words[1:], float(words[0]))
    sys.stdout.write(json.dumps(errors) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
