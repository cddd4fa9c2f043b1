"""The plugin loads through its entry point and declares what the interfaces name."""

import ast
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path

import pytest

import podion
from podion import Vertical


@pytest.fixture
def vertical() -> Vertical:
    [entry] = entry_points(group="podion.plugins", name="customer_service")
    declared = entry.load().register_vertical()
    assert isinstance(declared, Vertical)
    return declared


def test_the_entry_point_gives_the_vertical(vertical: Vertical) -> None:
    assert vertical.name == "customer_service"
    assert vertical.path == "customer-service"
    assert set(vertical.title) == {"en", "zh"}
    assert [task.name for task in vertical.tasks] == ["intent", "slots", "mood"]


def test_its_tasks_are_judged_as_the_interfaces_say(vertical: Vertical) -> None:
    intent, slots, mood = vertical.tasks
    assert mood.labels == tuple(mood.descriptions) == ("calm", "upset")
    assert (intent.label, intent.out_of_scope, intent.primary_metric.name) == ("label", "oos", "macro_f1")
    assert (slots.label, slots.primary_metric.name) == ("spans", "entity_f1")
    for task in vertical.tasks:
        assert task.text in task.record.model_fields
        assert task.label in task.record.model_fields
        assert task.split.group is None or task.split.group in task.record.model_fields


def test_the_sample_it_names_is_in_the_package(vertical: Vertical) -> None:
    assert vertical.sample is not None
    assert (files("podion_customer_service") / vertical.sample).is_file()


def test_it_imports_the_public_face_and_neither_the_inside_nor_torch() -> None:
    package = Path(str(files("podion_customer_service")))
    for module in package.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("podion."), module
                if node.module == "podion":
                    assert {name.name for name in node.names} <= set(podion.__all__), module
            if isinstance(node, ast.Import):
                assert not any(name.name.startswith("podion.") for name in node.names), module
    code = "import sys, podion_customer_service.plugin as p; p.register_vertical(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
