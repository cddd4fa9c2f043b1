"""Whatever a record holds, its columns are read the same way twice, and as what they are."""

import json
import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, ConfigDict

from podion.nn import Feature, TabularFeatures
from podion.vertical import Personal


def _rows(count: int = 400) -> list[dict[str, Any]]:
    """Applications with a code (-1), a missing value, an amount in text and a category seen once."""
    draw = random.Random(7)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        row: dict[str, Any] = {
            "amount": f"{draw.lognormvariate(8, 1):,.2f}",
            "months": draw.choice([-1, 12, 24, 36]),
            "income": None if number % 7 == 0 else draw.gauss(3_000, 900),
            "home": draw.choice(["own", "rent"]) if number else "boat",
            "late": draw.choice([0, 0, 0, 1, 2, 3]),
            "windows": {"day": draw.random(), "week": draw.random()},
        }
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def reader() -> TabularFeatures:
    return TabularFeatures.fit(_rows())


def _feature(reader: TabularFeatures, name: str) -> Feature:
    return next(feature for feature in reader.features if feature.name == name)


def _kind(reader: TabularFeatures, name: str, value: Any) -> str:
    feature = _feature(reader, name)
    return feature.cells[feature.read(value)[0]].kind


def test_columns_are_read_as_what_they_are(reader: TabularFeatures) -> None:
    kinds = {feature.name: feature.kind for feature in reader.features}
    assert kinds == {
        "amount": "number",
        "home": "category",
        "income": "number",
        "late": "number",
        "months": "number",
        "windows.day": "number",
        "windows.week": "number",
    }


def test_a_missing_value_a_code_and_zero_are_three_things(reader: TabularFeatures) -> None:
    feature = _feature(reader, "months")
    found = {value: feature.read(value)[0] for value in (None, -1, 0)}
    assert len(set(found.values())) == 3
    assert [_kind(reader, "months", value) for value in (None, -1, 0)] == ["missing", "code", "interval"]


@pytest.mark.parametrize("value", [None, "", "  ", math.nan, "n/a", "?", "NaN", [], {}, b"1", True])
def test_what_is_no_number_is_missing_among_numbers(reader: TabularFeatures, value: Any) -> None:
    assert _kind(reader, "amount", value) == "missing"


@pytest.mark.parametrize("texts", [("1250.5", "1,250.50", " 1250.50 ", 1250.5), ("12", "12%", 12, 12.0)])
def test_a_number_may_come_as_text(reader: TabularFeatures, texts: tuple[Any, ...]) -> None:
    assert len({_feature(reader, "amount").read(text) for text in texts}) == 1


def test_numbers_beyond_all_others_lie_on_the_edges(reader: TabularFeatures) -> None:
    feature = _feature(reader, "amount")
    lowest, highest = feature.read(-math.inf), feature.read(math.inf)
    assert (lowest[0], lowest[1]) == (0, 0.0)
    assert (highest[0], highest[1]) == (feature.intervals - 1, float(feature.intervals))
    assert highest == feature.read(10**400)
    assert lowest == feature.read("-1e999")


def test_a_category_is_known_whatever_its_case_and_a_rare_one_is_another(reader: TabularFeatures) -> None:
    feature = _feature(reader, "home")
    assert feature.read("OWN ") == feature.read("own")
    assert [_kind(reader, "home", value) for value in ("rent", "boat", "castle", None)] == [
        "value",
        "other",
        "other",
        "missing",
    ]


def test_a_larger_number_has_no_lower_place(reader: TabularFeatures) -> None:
    feature = _feature(reader, "income")
    read = [feature.read(number) for number in range(-5_000, 12_000, 37)]
    assert read == sorted(read)
    assert read[0][1] < read[-1][1]


def test_the_encoding_counts_intervals_passed(reader: TabularFeatures) -> None:
    tensors = reader.tensors(_rows(50))
    encoded = reader.encoded(tensors["places"])
    torch.testing.assert_close(encoded.sum(dim=-1), tensors["places"][:, list(reader.numbers)])
    assert bool((encoded.diff(dim=-1) <= 0).all())


def test_places_lie_in_their_cells(reader: TabularFeatures) -> None:
    tensors = reader.tensors(_rows())
    for place, feature in enumerate(reader.features):
        cells, places = tensors["cells"][:, place], tensors["places"][:, place]
        inside = cells < feature.intervals
        floors = places[inside].floor().long().clamp(max=feature.intervals - 1)
        assert torch.equal(floors, cells[inside])
        counts = torch.bincount(cells, minlength=feature.size)
        assert counts.tolist() == list(feature.rows)


def test_the_order_of_columns_does_not_matter() -> None:
    rows = _rows()
    turned = [dict(reversed(row.items())) for row in rows]
    assert TabularFeatures.fit(turned).options() == TabularFeatures.fit(rows).options()
    one, other = TabularFeatures.fit(rows).tensors(rows), TabularFeatures.fit(turned).tensors(turned)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_reader_survives_json(reader: TabularFeatures) -> None:
    told = json.dumps(reader.options(), allow_nan=False)
    again = TabularFeatures(**json.loads(told))
    assert again.features == reader.features
    assert again.left_out == reader.left_out
    rows = _rows(60)
    for name, tensor in reader.tensors(rows).items():
        assert torch.equal(tensor, again.tensors(rows)[name])


def test_a_cell_says_itself_in_words() -> None:
    rows = [{"pay": draw % 4 - 1, "limit": 10_000.0 * (draw % 37)} for draw in range(370)]
    reader = TabularFeatures.fit(rows)
    pay, limit = _feature(reader, "pay"), _feature(reader, "limit")
    assert pay.cells[pay.read(-1)[0]].words == "pay is -1"
    assert pay.cells[pay.read(1)[0]].words == "pay is 1"
    assert pay.cells[pay.read(None)[0]].words == "pay is missing"
    cell = limit.cells[limit.read(55_000)[0]]
    assert cell.low is not None
    assert cell.high is not None
    assert cell.low <= 55_000 < cell.high
    assert cell.words == f"limit between {cell.low:,.6g} and {cell.high:,.6g}"


class Application(BaseModel):
    model_config = ConfigDict(extra="allow")

    application_id: str = ""
    applied_at: AwareDatetime | None = None
    text: Annotated[str, Personal()] = ""
    patient: Annotated[str, Personal()] | None = None
    mcc: str | None = None
    label: str | None = None


def test_what_a_head_must_not_read_is_left_out_and_says_why() -> None:
    records = [
        Application(
            application_id=f"A{number}",
            applied_at=datetime(2026, 1, 1, tzinfo=UTC),
            text=f"my name is number {number}",
            patient=f"patient {number // 60}",
            mcc=str(5400 + number % 3),
            label=str(number % 2),
            income=number % 50,
            customer_id=1_000 + number,
            remark=f"wrote letter {number}",
            sent="2026-01-02T03:04:05",
            empty="",
            same="yes",
            tags=["a"],
        )
        for number in range(300)
    ]
    reader = TabularFeatures.fit(records, leave_out=["label"])
    assert [feature.name for feature in reader.features] == ["income", "mcc"]
    assert _feature(reader, "mcc").kind == "category"  # declared as text: a code of a trade is no quantity
    reasons = {
        "label": "not for the head",
        "text": "marked Personal",
        "patient": "marked Personal",
        "application_id": "identifiers",
        "customer_id": "identifiers",
        "remark": "texts or identifiers",
        "applied_at": "dates or times",
        "sent": "dates or times",
        "empty": "empty in every",
        "same": "the same in every",
        "tags": "lists",
    }
    assert set(reader.left_out) == set(reasons)
    for name, words in reasons.items():
        assert words in reader.left_out[name]


@pytest.mark.parametrize(
    ("numbers", "codes"),
    [
        ([*range(100), *[-1] * 10], ["-1"]),
        ([*range(100), *[999] * 10], ["999"]),
        ([*range(20, 80), *range(20, 80), *[99] * 10], ["99"]),
        ([*range(100), *[0] * 60], ["0"]),
        ([number / 7 for number in range(-50, 50)], []),
        ([*range(1, 101)] * 3, []),
        ([1, 2, 3, 4] * 50, []),
        ([-2, -1, 0, 0, 0, 0, 1, 2, 3] * 50, ["-2", "-1", "0"]),
    ],
)
def test_codes_stand_apart_from_quantities(numbers: list[float], codes: list[str]) -> None:
    (feature,) = TabularFeatures.fit([{"x": number} for number in numbers]).features
    assert list(feature.values) == codes


def test_a_word_among_numbers_is_a_code() -> None:
    rows = [{"years": "unemployed" if number % 30 == 0 else str(number % 40)} for number in range(600)]
    (feature,) = TabularFeatures.fit(rows).features
    assert feature.kind == "number"
    assert feature.cells[feature.read("Unemployed")[0]].kind == "code"
    assert feature.cells[feature.read("retired")[0]].kind == "missing"


def test_a_reader_of_nothing_reads_nothing() -> None:
    reader = TabularFeatures.fit([])
    assert len(reader) == 0
    assert reader.tensors([{"a": 1}])["cells"].shape == (1, 0)
    assert reader.encoded(reader.tensors([{"a": 1}])["places"]).shape == (1, 0, 0)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_names = st.sampled_from(["amount", "months", "income", "home", "late", "windows", "windows.day", "strange"])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.dictionaries(_names, _json, max_size=8), min_size=1, max_size=4))
def test_no_value_fails_at_serving(reader: TabularFeatures, rows: list[dict[str, Any]]) -> None:
    tensors = reader.tensors(rows)
    sizes = torch.tensor(reader.sizes)
    assert bool(((tensors["cells"] >= 0) & (tensors["cells"] < sizes)).all())
    assert all(bool(torch.isfinite(tensor.double()).all()) for tensor in tensors.values())
    again = reader.tensors(rows)
    assert all(torch.equal(tensor, again[name]) for name, tensor in tensors.items())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), _json, max_size=3), max_size=12))
def test_any_column_can_be_fitted(rows: list[Mapping[str, Any]]) -> None:
    reader = TabularFeatures.fit(rows)
    again = TabularFeatures(**json.loads(json.dumps(reader.options(), allow_nan=False)))
    tensors, same = reader.tensors(rows), again.tensors(rows)
    assert all(torch.equal(tensor, same[name]) for name, tensor in tensors.items())
    assert all(bool(torch.isfinite(tensor.double()).all()) for tensor in tensors.values())
