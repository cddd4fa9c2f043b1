"""One pass: what was taken from the queue, given to the engine at once. Runs in the compute thread."""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat

from podion.hosting.fair_queue import Taken
from podion.hosting.protocol import Answered, Call, Failed
from podion.hosting.work import Computer, Embedding, Vectors, Work

Parts = list[tuple[int, Answered | Failed]] | Vectors | Exception
"""What became of the calls by their place in the request, or the vectors, or why there is nothing."""


def computed(computer: Computer, taken: Sequence[Taken[Work]]) -> list[Parts]:
    """Return what became of each part, in order. An exception is the result of those it concerns."""
    results: dict[int, Parts] = {}
    texts: dict[tuple[str, str], list[int]] = {}
    calls: list[int] = []
    for place, part in enumerate(taken):
        asked = part.waiting.work.asked
        if isinstance(asked, Embedding):
            texts.setdefault((asked.base, asked.kind), []).append(place)
        else:
            calls.append(place)
    if calls:
        results.update(zip(calls, _answered(computer, [taken[place] for place in calls]), strict=True))
    for places in texts.values():
        results.update(zip(places, _embedded(computer, [taken[place] for place in places]), strict=True))
    return [results[place] for place in range(len(taken))]


def _answered(computer: Computer, taken: Sequence[Taken[Work]]) -> list[Parts]:
    parts = [part.waiting.work.part(part.start, part.stop) for part in taken]
    calls: list[Call] = [call for _, call in chain.from_iterable(parts)]
    try:
        results: Iterator[Answered | Failed] = iter(computer.answer(calls))
    except Exception as error:
        return list(repeat(error, len(taken)))
    return [[(place, next(results)) for place, _ in part] for part in parts]


def _embedded(computer: Computer, taken: Sequence[Taken[Work]]) -> list[Parts]:
    """Embed the texts of several requests for one base; when that fails, each on its own, so that it fails alone."""
    parts = [_texts(part) for part in taken]
    first = taken[0].waiting.work.asked
    assert isinstance(first, Embedding)
    try:
        vectors = computer.embed(first.base, list(chain.from_iterable(parts)), first.kind)
    except Exception as error:
        return [error] if len(taken) == 1 else [_embedded(computer, [part])[0] for part in taken]
    found: list[Parts] = []
    start = 0
    for texts in parts:
        found.append(vectors[start : start + len(texts)])
        start += len(texts)
    return found


def _texts(part: Taken[Work]) -> Sequence[str]:
    asked = part.waiting.work.asked
    assert isinstance(asked, Embedding)
    return asked.texts[part.start : part.stop]
