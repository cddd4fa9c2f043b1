"""Texts that break programs, put into every field that takes text."""

from collections.abc import Mapping, Sequence
from typing import Any

from podion.data.records import Accepted, validate
from podion.data.rows import Row
from podion.testing.specimens import example_rows, takes_text
from podion.vertical import Task

STRINGS: Mapping[str, str] = {
    "nothing": "",
    "a blank": " ",
    "a NUL": "a\x00b",
    "controls": "a\x07\x1b[31mb\r\n\x7f",
    "half a surrogate pair": "a\ud800b",
    "a reversed order": "a\u202eb\u2066c",
    "joined emoji": "👩\u200d👩\u200d👧\u200d👦" * 20,
    "marks on one letter": "a" + "\u0301" * 500,
    "a formula": "=cmd|' /C calc'!A0",
    "markup": "<script>alert(1)</script>",
    "a template": "{{7*7}} ${7*7} %s %n {0.__class__}",
    "a query": "'; DROP TABLE tenants; --",
    "a path": "../../etc/passwd",
    "a great length": "很长" * 50_000,
    "a number beyond all": "9" * 5_000,
}


def check_hostile(task: Task, given: Sequence[Mapping[str, Any]]) -> None:
    """Raise `AssertionError` when such a text in a field is neither taken nor refused, or does not survive JSON."""
    row = example_rows(task, given)[0]
    for field in takes_text(task.record):
        for name, text in STRINGS.items():
            try:
                outcomes = list(validate(task, [Row(1, {**row, field: text})], unknown="refuse"))
            except Exception as error:
                raise AssertionError(
                    f"{name} in {field!r} raises {type(error).__name__}: {error}; a validator refuses with ValueError"
                ) from error
            for outcome in outcomes:
                if isinstance(outcome, Accepted):
                    _check_survives(task, outcome, f"{name} in {field!r}")


def _check_survives(task: Task, outcome: Accepted, what: str) -> None:
    try:
        again = task.record.model_validate_json(outcome.record.model_dump_json())
    except ValueError as error:
        if "surrogates not allowed" in str(error):
            return  # plain `str` lets them in; the platform refuses them where texts come in
        raise AssertionError(f"{what} is taken, and lost on its way through JSON: {error}") from error
    assert again == outcome.record, f"{what} is taken, and changed on its way through JSON"
