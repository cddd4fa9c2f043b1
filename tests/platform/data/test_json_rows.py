import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.data.reading import Limits, Refusal, Row, read_rows


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[1, 2]", "a list, not an object"),
        ("null", "null, not an object"),
        ("3", "a number, not an object"),
        ('"text"', "text, not an object"),
        ('{"text": "a", "text": "b"}', "the key 'text' stands there twice"),
        ('{"a": {"b": 1, "b": 2}}', "the key 'b' stands there twice"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": [-Infinity]}', "-Infinity is not JSON"),
        ('{"a": 1e999}', "too large"),
        ('{"a": ' + "9" * 5_000 + "}", "too many digits"),
        ('{"a": "\\ud800"}', "half a surrogate pair"),
        ('{"a": [{"\\udc00": 1}]}', "half a surrogate pair"),
        ('{"a": "\\u0000"}', "NUL"),
        ('{"text": "a",}', "at column 14"),
        ('{"text": ', "cannot be read as JSON"),
        ("{'text': 'a'}", "at column 2"),
    ],
)
def test_a_line_that_is_no_strict_json_object_is_refused(read, line, words):
    refusal, row = read(line + '\n{"text": "fine"}\n', format="jsonl")
    assert refusal.line == 1
    assert words in refusal.reason
    assert row.values == {"text": "fine"}


def test_a_whole_surrogate_pair_is_a_character(read):
    (row,) = read('{"text": "\\ud83d\\ude00"}')
    assert row.values == {"text": "😀"}


def test_the_field_with_the_fault_is_named(read):
    (refusal,) = read('{"label": "x", "text": "\\ud800"}')
    assert refusal.field == "text"


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000, "[" * 40 + "]" * 40])
def test_deep_nesting_is_refused_without_a_deep_stack(read, deep):
    (refusal,) = read('{"a": ' + deep + "}", Limits(ratio=10**9))
    assert "deeper than 32" in refusal.reason


def test_brackets_in_text_and_side_by_side_are_not_deep(read):
    values = {"text": "[" * 500 + '"\\' + "{" * 500, "spans": [{"a": [1]}] * 100}
    (row,) = read(json.dumps(values))
    assert row.values == values


@pytest.mark.parametrize(
    "line",
    [
        '{"a": "' + '\\"' * 500_000,
        "[" * 40 + '"\\"' * 300_000,
        '{"a": 1, ' + ", ".join(f'"{n}": 1' for n in range(50_000)) + ', "49999": 1}',
    ],
)
def test_a_hostile_line_costs_little(line):
    start = time.process_time()
    (row,) = read_rows(io.BytesIO(line.encode()), limits=Limits(), format="jsonl")
    assert isinstance(row, Refusal)
    assert time.process_time() - start < 2


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.text("xyz", min_size=1), values, max_size=4), min_size=1, max_size=5), st.booleans())
def test_what_the_json_module_writes_comes_back(objects, ascii):
    data = "\n".join(json.dumps(each, ensure_ascii=ascii) for each in objects)
    rows = list(read_rows(io.BytesIO(data.encode()), limits=Limits()))
    assert rows == [Row(line, each) for line, each in enumerate(objects, start=1)]
