"""Modules and functions stay small, and are named by what they hold."""

import ast
from pathlib import Path
from statistics import median, quantiles

FORBIDDEN = frozenset({"base", "common", "core", "handler", "helpers", "manager", "misc", "util", "utils"})
MOST_LINES = 500
MEDIAN_LINES = 200
FUNCTION_LINES = 45


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _functions(path: Path) -> list[int]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(node.end_lineno or node.lineno) - node.lineno + 1 for node in found]


def _is_words(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_no_module_is_long(every_source: list[Path]) -> None:
    assert [f"{path}: {_lines(path)}" for path in every_source if _lines(path) > MOST_LINES] == []


def test_most_modules_are_short(every_source: list[Path]) -> None:
    assert median(_lines(path) for path in every_source if path.name != "__init__.py") < MEDIAN_LINES


def test_functions_are_short(every_source: list[Path]) -> None:
    sizes = [size for path in every_source for size in _functions(path)]
    assert quantiles(sizes, n=100)[94] <= FUNCTION_LINES


def test_no_module_is_a_junk_drawer(every_source: list[Path], root: Path) -> None:
    names = [(path, part) for path in every_source for part in (*path.relative_to(root).parts[:-1], path.stem)]
    assert [str(path) for path, part in names if part in FORBIDDEN] == []


def test_rooms_and_plugins_begin_with_a_docstring_only(root: Path) -> None:
    """But for `podion.nn` and `podion.testing`, which are faces: they export names."""
    platform = root / "platform" / "src" / "podion"
    rooms = [path for path in platform.glob("*/__init__.py") if path.parent.name not in ("nn", "testing")]
    plugins = [*root.glob("plugins/*/src/*/__init__.py"), *root.glob("examples/*/src/*/__init__.py")]
    assert rooms
    assert plugins
    for path in [*rooms, *plugins]:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) == 1, path
        assert _is_words(body[0]), path
