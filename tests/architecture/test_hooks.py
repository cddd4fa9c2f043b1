"""Every hook is documented with its exact signature and a runnable example, and is tested."""

import ast
import dataclasses
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from podion import Candidate, Reviewed, Served, Vertical, hookspecs
from podion.catalogue.plugin_hooks import hook_names

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WEAK = {"validation": {"macro_f1": 0.9}, "test": {"macro_f1": 0.4}}
FINE = {"validation": {"macro_f1": 0.6}, "test": {}}  # too few rows to keep a tenth apart
CANDIDATE = Candidate(tenant="t", vertical="letters", task="desk", adapter="a", metrics=WEAK)
SERVED = Served(
    tenant="t", vertical="letters", task="desk", prediction_id="p", answer={"abstained": True, "label": "x"}, at=NOW
)
REVIEWED = Reviewed(
    tenant="t", vertical="letters", task="desk", prediction_id="p", label="x", value=None, comment=None, at=NOW
)


def _signatures() -> dict[str, str]:
    tree = ast.parse(Path(hookspecs.__file__).read_text(encoding="utf-8"))
    return {
        node.name: f"{node.name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}"
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.returns and "hookspec" in map(ast.unparse, node.decorator_list)
    }


def _sections(root: Path) -> dict[str, str]:
    text = (root / "docs" / "hooks.md").read_text(encoding="utf-8")
    parts = re.split(r"^## `(.+)`$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _example(root: Path, hook: str) -> dict[str, Any]:
    [code] = re.findall(r"^```python\n(.*?)^```$", _sections(root)[_signatures()[hook]], re.MULTILINE | re.DOTALL)
    namespace: dict[str, Any] = {"__name__": f"example_of_{hook}"}
    exec(compile(code, f"docs/hooks.md: {hook}", "exec"), namespace)
    return namespace


def test_the_specifications_are_read() -> None:
    assert tuple(sorted(_signatures())) == hook_names()


def test_each_hook_has_its_signature_for_a_heading(root: Path) -> None:
    assert sorted(_sections(root)) == sorted(_signatures().values())


@pytest.mark.parametrize("hook", hook_names())
def test_each_section_says_when_and_what(root: Path, hook: str) -> None:
    section = _sections(root)[_signatures()[hook]]
    assert "**Called**" in section
    assert re.search(r"\*\*What it (returns|adds)", section)


@pytest.mark.parametrize("hook", hook_names())
def test_each_example_implements_its_hook(root: Path, hook: str) -> None:
    function = _example(root, hook)[hook]
    assert hasattr(function, f"{hookspecs.PROJECT}_impl"), "the example lacks @hookimpl"


def test_the_examples_do_what_they_say(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(_example(root, "register_vertical")["register_vertical"](), Vertical)
    cli = typer.Typer()
    _example(root, "register_commands")["register_commands"](cli)
    assert len(cli.registered_commands) == 2
    may_deploy = _example(root, "may_deploy")["may_deploy"]
    assert "macro_f1 is 0.40" in may_deploy(CANDIDATE)
    assert may_deploy(dataclasses.replace(CANDIDATE, metrics=FINE)) is None
    watching = _example(root, "on_prediction")
    watching["on_prediction"](SERVED)
    assert watching["abstentions"] == {"desk": 1}
    with caplog.at_level("INFO"):
        _example(root, "on_feedback")["on_feedback"](REVIEWED)
    assert "p was corrected to x" in caplog.text


@pytest.mark.parametrize("value", [Candidate, Served, Reviewed])
def test_each_field_that_a_hook_receives_is_named(root: Path, value: type) -> None:
    [section] = [text for signature, text in _sections(root).items() if f": {value.__name__})" in signature]
    missing = [field.name for field in dataclasses.fields(value) if f"`{field.name}`" not in section]
    assert not missing


@pytest.mark.parametrize("hook", hook_names())
def test_each_hook_has_a_test(root: Path, hook: str) -> None:
    tests = (path.read_text(encoding="utf-8") for path in (root / "tests").rglob("test_*.py"))
    assert any(re.search(rf"^def test_hook_{hook}\(", text, re.MULTILINE) for text in tests)
