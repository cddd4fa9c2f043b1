"""What importing a plugin costs and brings with it, seen in a process of its own."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from os import environ, getcwd, pathsep
from pathlib import Path

HEAVY = ("torch", "transformers", "peft", "sklearn", "faiss")
MOST_CPU_SECONDS = 1.0
MOST_SECONDS = 5.0
FACES = frozenset({"podion", "podion.nn", "podion.testing"})

_PROBE = """
import json, os, sys, time
told = os.dup(1)
os.dup2(2, 1)
import podion
for name in podion.__all__:
    getattr(podion, name)
known, cpu, wall = set(sys.modules), time.process_time(), time.perf_counter()
__import__(sys.argv[1])
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
os.write(told, json.dumps([cpu, wall, sorted(set(sys.modules) - known)]).encode())
"""


@dataclass(frozen=True, kw_only=True)
class Birth:
    """What an import took beyond the platform's own faces, in seconds, and the modules it brought."""

    cpu_seconds: float
    seconds: float
    modules: tuple[str, ...]


@lru_cache(maxsize=16)
def birth_of(module: str) -> Birth:
    """Return what importing `module` does in a fresh process; raises `AssertionError` when it fails."""
    environment = {**environ, "PYTHONPATH": pathsep.join(entry or getcwd() for entry in sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, module],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"importing {module} fails: {done.stderr.strip().splitlines()[-1:]}"
    cpu, wall, modules = json.loads(done.stdout)
    return Birth(cpu_seconds=cpu, seconds=wall, modules=tuple(modules))


def check_no_tensors(birth: Birth) -> None:
    """Raise `AssertionError` that names the heavy library which the import brings."""
    heavy = [name for name in HEAVY if name in birth.modules]
    assert not heavy, (
        f"importing the plugin brings {', '.join(heavy)}, which the API process must not load:"
        " only heads.py imports podion.nn or torch, and the task names the head by its import path"
    )


def check_quick(birth: Birth) -> None:
    """Raise `AssertionError` when the import keeps every start waiting."""
    assert birth.cpu_seconds <= MOST_CPU_SECONDS and birth.seconds <= MOST_SECONDS, (
        f"importing the plugin takes {birth.cpu_seconds:.2f} CPU seconds and {birth.seconds:.2f} seconds in all;"
        f" {MOST_CPU_SECONDS:g} and {MOST_SECONDS:g} are allowed: read, connect and compute at the first request"
    )


def check_alone(birth: Birth, package: str) -> None:
    """Raise `AssertionError` that names another plugin which the import, or any module of the package, brings."""
    brought = {name.partition(".")[0] for name in (*birth.modules, *(name for _, name in _imports(package)))}
    others = sorted(name for name in brought if name.startswith("podion_") and name != package)
    assert not others, f"{package} imports {', '.join(others)}: a plugin knows no other plugin"


def check_faces(package: str) -> None:
    """Raise `AssertionError` that names a module which reaches inside the platform, or for torch outside its heads."""
    for path, name in _imports(package):
        if name.partition(".")[0] != "podion":
            continue
        assert name in FACES, f"{path.name} imports {name}: allowed are {', '.join(sorted(FACES))}, the rest may change"
        assert name != "podion.nn" or "heads" in (path.stem, path.parent.name), (
            f"{path.name} imports podion.nn: only heads.py, or the modules of a package heads, may"
        )


def sources_of(package: str) -> list[Path]:
    """Return the Python files of an installed package."""
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return sorted(path for folder in folders for path in Path(folder).rglob("*.py"))


def _imports(package: str) -> Iterator[tuple[Path, str]]:
    """Yield each file of the package with each module that it imports by its full name."""
    for path in sources_of(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield path, node.module
