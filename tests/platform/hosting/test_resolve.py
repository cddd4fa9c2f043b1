"""A head by its import path, or why there is none."""

import json
import sys
from pathlib import Path

import pytest

from podion.errors import PluginError
from podion.hosting.resolve import errors_of, main, resolve_head

HEADS = """
from podion.nn import Head
print("noise")

class Whole(Head):
    def forward(self, states): ...
    def loss(self, logits, records): ...
    def decode(self, scores): ...

class Measured(Whole):
    def measure(self, answers, records): ...

class Partial(Head):
    def forward(self, states): ...

class Stranger: ...

instance = 7

Former = "heads_to_resolve:Whole"
Twice = "heads_to_resolve:Former"
"""


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "heads_to_resolve.py").write_text(HEADS)
    (tmp_path / "heads_that_leave.py").write_text("raise SystemExit(4)")
    for name in ("heads_to_resolve", "heads_that_leave"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_whole_head_is_found() -> None:
    assert resolve_head("heads_to_resolve:Whole").__name__ == "Whole"
    assert resolve_head("heads_to_resolve:Former").__name__ == "Whole"
    assert resolve_head("podion.hosting.heads:LabelClassifier").__name__ == "LabelClassifier"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("heads_to_resolve", "write `package.module:Class`"),
        ("heads_to_resolve:Whol", "has no 'Whol'"),
        ("heads_to_resolve:Stranger", "a subclass of podion.nn.Head is allowed"),
        ("heads_to_resolve:instance", "is 7; a subclass"),
        ("heads_to_resolve:Twice", "is 'heads_to_resolve:Whole'; a subclass"),
        ("heads_to_resolve:Partial", "lacks decode, loss"),
    ],
)
def test_what_is_no_head_is_refused(path: str, told: str) -> None:
    with pytest.raises(PluginError, match=told):
        resolve_head(path)
    assert told in errors_of([path])[path]


def test_a_head_of_which_measures_are_asked_brings_them() -> None:
    asked = ["heads_to_resolve:Whole?measure", "heads_to_resolve:Measured?measure", "heads_to_resolve:Whole"]
    errors = errors_of(asked)
    assert list(errors) == asked[:1]
    assert "does not override `measure`" in errors[asked[0]]


def test_one_object_is_written_whatever_the_modules_print(capsys: pytest.CaptureFixture[str]) -> None:
    main(["20", "heads_to_resolve:Whole", "heads_that_leave:Own", "heads_that_are_absent:Own"])
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "heads_that_leave:Own": "SystemExit: 4",
        "heads_that_are_absent:Own": "ModuleNotFoundError: No module named 'heads_that_are_absent'",
    }
    assert "noise" in err
