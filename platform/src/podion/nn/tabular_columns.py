"""What a column of training values is: numbers or categories, their cells, or why no head should read it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podion.nn.tabular_feature import Feature
from podion.nn.tabular_values import MISSING_WORDS, category_of, is_missing, is_moment, number_of, shown

Floats = NDArray[np.float64]

MOSTLY = 0.95
"""A column is of numbers, or of moments, when this share of what it holds is."""

PILE = 0.01
"""A code has at least this share of the rows."""

_ID_NAMES = ("id", "uuid", "guid", "ref", "key", "hash")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How finely columns are read.

    `bins` is the most intervals of a number, `values` the most categories told apart, `rows` the fewest training rows
    of an interval or a category; a number with at most `discrete` values has an interval for each.
    """

    bins: int = 32
    values: int = 128
    rows: int = 5
    discrete: int = 24


def feature_of(name: str, column: Sequence[Any], kind: str | None, reading: Reading) -> Feature | str:
    """Return how to read a column, or in words why not to; `kind` is what its field declares, if anything."""
    held = [value for value in column if not is_missing(value)]
    if not held:
        return "it is empty in every training row"
    if any(isinstance(value, list | tuple | set | frozenset | dict | bytes) for value in held):
        return "it holds lists or records"
    if sum(map(is_moment, held)) >= MOSTLY * len(held):
        return "it holds dates or times; say in numbers how long ago, where that matters"
    numbers = [number_of(value) for value in held] if kind != "category" else []
    named = _is_id(name)
    if numbers and not named and kind != "category" and _mostly_numbers(held, numbers):
        found: Feature | str = _number(name, held, numbers, reading)
    else:
        found = _category(name, held, named, reading)
    if isinstance(found, str):
        return found
    counts = Counter(found.read(value)[0] for value in column)
    if len(counts) < 2:
        return "it says the same in every training row"
    return replace(found, rows=tuple(counts[cell] for cell in range(found.size)))


def _is_id(name: str) -> bool:
    return name.casefold().replace("-", "_").replace(".", "_").rsplit("_", 1)[-1] in _ID_NAMES


def _mostly_numbers(held: Sequence[Any], numbers: Sequence[float | None]) -> bool:
    words = [str(value) for value, number in zip(held, numbers, strict=True) if number is None]
    strange = sum(word.strip().casefold() not in MISSING_WORDS for word in words)
    there = sum(number is not None for number in numbers)
    return there > 0 and strange <= (1 - MOSTLY) * (there + strange)


def _category(name: str, held: Sequence[Any], named: bool, reading: Reading) -> Feature | str:
    counts: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for value in held:
        word = category_of(value)
        if word is not None:
            counts[word] += 1
            spelled.setdefault(word, str(value).strip())
    often = sorted(word for word, rows in counts.items() if rows >= reading.rows)
    kept = sorted(often, key=lambda word: -counts[word])[: reading.values]
    if sum(counts[word] for word in kept) < len(held) / 2 or (named and len(counts) > reading.values):
        what = "identifiers" if named else "texts or identifiers"
        return f"it holds {what}: {len(counts):,} different values in {len(held):,} rows"
    return Feature(name=name, kind="category", values=tuple(spelled[word] for word in sorted(kept)))


def _number(name: str, held: Sequence[Any], read: Sequence[float | None], reading: Reading) -> Feature | str:
    words = Counter(category_of(value) for value, number in zip(held, read, strict=True) if number is None)
    least = max(reading.rows, PILE * len(held))
    told = [word for word, rows in words.items() if word and word not in MISSING_WORDS and rows >= least]
    numbers = np.array([number for number in read if number is not None and np.isfinite(number)])
    if not len(numbers):
        return "it holds infinite numbers only"
    codes = codes_in(numbers, least, reading.discrete)
    rest = numbers[~np.isin(numbers, codes)] if codes else numbers
    values, rows = np.unique(rest, return_counts=True)
    discrete = len(values) <= reading.discrete
    edges = _steps(values, rows, reading.rows) if discrete else _quantiles(rest, reading)
    feature = Feature(
        name=name,
        kind="number",
        edges=edges,
        values=(*map(shown, sorted(codes)), *sorted(told)),
        discrete=discrete,
    )
    if not len(rest):
        return feature
    middle = feature.read(float(np.median(rest)))[1]
    scale, centre, spread = _scale(rest)
    return replace(feature, middle=middle, scale=scale, centre=centre, spread=spread)


def _scale(numbers: Floats) -> tuple[float, float, float]:
    """Return the scale at which magnitudes bend (a tenth of the usual size), and their mean and deviation then."""
    sizes = np.abs(numbers[numbers != 0])
    scale = max(float(np.median(sizes)) / 10, 1e-300) if len(sizes) else 1.0
    bent = np.arcsinh(numbers / scale)
    return scale, float(bent.mean()), float(bent.std()) or 1.0


def codes_in(numbers: Floats, least: float, discrete: int) -> list[float]:
    """Return the numbers that pile up (`least` rows or more) and mean something else than a quantity.

    They are whole negative numbers where all else is not negative (-1, -2), a 0 that is far more frequent than any
    other number (of at most `discrete` numbers: only beside negative codes), and what stands apart from the others by
    more than they are wide (12345), for nines alone by half of what the middle half of them is wide (99, 999).
    """
    values, rows = np.unique(numbers, return_counts=True)
    if len(values) < 3:
        return []
    piles = values[rows >= least]
    below = values[values < 0]
    coded = 0 < len(below) < len(values) and np.isin(below, piles).all() and (below == np.floor(below)).all()
    codes: list[float] = below.tolist() if coded else []
    others = rows[~np.isin(values, [0.0, *codes])]
    if len(others) > 1 and (codes or len(values) > discrete):
        nothing = rows[values == 0.0].sum()
        codes += [0.0] if nothing >= max(5 * least, 3 * others.max()) else []
    return codes + [value for value in piles.tolist() if value not in codes and _apart(value, values, rows, codes)]


def _apart(value: float, values: Floats, rows: NDArray[np.int64], codes: Sequence[float]) -> bool:
    others = (values != value) & ~np.isin(values, codes)
    if others.sum() < 3:
        return False
    spread = np.repeat(values[others], rows[others])
    low, high, first, third = np.quantile(spread, (0.01, 0.99, 0.25, 0.75))
    nines = value > 0 and set(shown(value)) == {"9"} and value > 9
    gap = (third - first) / 2 if nines else high - low
    near = rows[others & (np.abs(values - value) <= gap)].sum()
    return bool(gap > 0 and not low <= value <= high and near <= 0.05 * rows[values == value].sum())


def _steps(values: Floats, rows: NDArray[np.int64], least: int) -> tuple[float, ...]:
    """Return edges such that each value begins an interval; values with few rows stand with the one below."""
    if not len(values):
        return ()
    edges = [float(values[0])]
    held = 0
    for value, count in zip(values.tolist(), rows.tolist(), strict=True):
        if held >= least and count >= least:
            edges.append(value)
            held = 0
        held += count
    gap = edges[-1] - edges[-2] if len(edges) > 1 else 1.0
    return (*edges, edges[-1] + (1.0 if float(values[-1]).is_integer() else gap))


def _quantiles(numbers: Floats, reading: Reading) -> tuple[float, ...]:
    bins = max(2, min(reading.bins, len(numbers) // max(1, reading.rows)))
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, bins + 1)))
    return tuple(edges.tolist())
