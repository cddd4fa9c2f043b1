"""Which rows of a pass are the same work: equal texts of one owner share the layers that nobody adapts."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from podion.hosting.adapter_pool import PooledAdapter


@dataclass(frozen=True)
class Sharing:
    """Rows of a pass by what they have in common, all by position.

    `lower` are the rows to compute up to the cut, each standing for its equals. `upper` are those to compute from
    there on, `start[i]` being the place in `lower` at which `upper[i]` begins, and `above[j]` all places in `upper`
    that begin at `lower[j]`. `end[row]` is the place in `upper` of what row `row` gets.
    """

    lower: tuple[int, ...]
    upper: tuple[int, ...]
    start: tuple[int, ...]
    end: tuple[int, ...]

    @property
    def above(self) -> list[list[int]]:
        """The places in `upper` that begin at each place of `lower`."""
        found: list[list[int]] = [[] for _ in self.lower]
        for place, begins in enumerate(self.start):
            found[begins].append(place)
        return found


def share_rows(
    texts: Sequence[Hashable],
    adapters: Sequence[PooledAdapter | None] | None,
    owners: Sequence[Hashable] | None,
    cut: int,
) -> Sharing:
    """Return what rows share: below the cut those of one owner with equal texts, above it those of one adapter too.

    An adapter that reaches below the cut shares nothing with others. Without `owners` all rows are one owner's.
    """
    lower: dict[Hashable, int] = {}
    upper: dict[Hashable, int] = {}
    start: list[int] = []
    end: list[int] = []
    firsts: tuple[list[int], list[int]] = ([], [])
    for row, text in enumerate(texts):
        adapter = adapters[row] if adapters is not None else None
        own = None if adapter is None else id(adapter)
        deep = own if adapter is not None and adapter.lowest_layer < cut else None
        below = (owners[row] if owners is not None else None, text, deep)
        if below not in lower:
            lower[below] = len(lower)
            firsts[0].append(row)
        above = (lower[below], own)
        if above not in upper:
            upper[above] = len(upper)
            firsts[1].append(row)
            start.append(lower[below])
        end.append(upper[above])
    return Sharing(tuple(firsts[0]), tuple(firsts[1]), tuple(start), tuple(end))
