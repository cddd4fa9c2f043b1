"""Files from outside are data, never code; and no source knows the machine it was written on."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CODE_LOADERS = frozenset({"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"})
RUNNERS = frozenset({"eval", "exec"})
PRIVATE = re.compile(r"""(?<![\w.])/(?:work|home|Users|root|mnt|media)/\w|[A-Z]:\\\\Users""")


def faults(source: str) -> Iterator[str]:
    """Yield what a source does that can turn a file into running code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in CODE_LOADERS)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in CODE_LOADERS:
            yield str(node.module)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in (("torch", "load"), ("torch", "save")):
                yield f"torch.{node.attr}"
        elif isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
            if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                yield "trust_remote_code"
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                yield "allow_pickle"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RUNNERS:
            yield node.func.id


def test_no_source_runs_what_it_reads(every_source: list[Path]) -> None:
    assert [f"{path}: {fault}" for path in every_source for fault in faults(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pickle", ["pickle"]),
        ("from joblib import load", ["joblib"]),
        ("import torch\ntorch.load('x')", ["torch.load"]),
        ("f(trust_remote_code=True)", ["trust_remote_code"]),
        ("f(trust_remote_code=False)", []),
        ("np.load(f, allow_pickle=True)", ["allow_pickle"]),
        ("eval('1')", ["eval"]),
        ("model.eval()", []),
        ("'pickle'", []),
    ],
)
def test_each_fault_is_found(source: str, found: list[str]) -> None:
    assert list(faults(source)) == found


def test_no_text_names_a_private_path(root: Path) -> None:
    kinds = {".py", ".md", ".toml", ".txt", ".jsonl", ".ini", ".mako", ".yaml", ".yml", ""}
    folders = ["platform", "plugins", "examples", "docs", "requirements", "tests", "benchmarks", ".ci"]
    files = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    files += [path for path in root.glob("*") if path.is_file() and path.suffix in kinds]
    strays = [
        f"{path.relative_to(root)}: {found[0]}"
        for path in files
        if path.suffix in kinds and path != Path(__file__) and "__pycache__" not in path.parts
        if (found := PRIVATE.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert not strays


def test_a_private_path_is_found() -> None:
    assert PRIVATE.search("open('/home/ada/x')")
    assert PRIVATE.search("cd /root/x")
    assert not PRIVATE.search("https://example.org/home/page and a/work/b")


def test_no_source_is_left_unfinished(every_source: list[Path]) -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError")
    assert [str(path) for path in every_source if words.search(path.read_text(encoding="utf-8"))] == []
