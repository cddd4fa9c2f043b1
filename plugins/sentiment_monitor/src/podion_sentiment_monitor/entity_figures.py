"""How good sentiments towards entities are."""

from collections.abc import Mapping, Sequence

Pair = tuple[str, str | None]
"""What is right of an entity and what was answered; None where nothing was."""


def entity_figures(texts: Sequence[Sequence[Pair]]) -> dict[str, float]:
    """Return the measures of entities, text by text.

    `accuracy` and `macro_f1` are over entities. `exact` is the share of texts all of whose entities are right, and
    `conflicting_accuracy` is over the entities of texts in which not all have one sentiment: who takes a text's
    sentiment for its entities' has few of them right. Without any entity there are no measures, and without such
    texts no `conflicting_accuracy`.
    """
    told = [pairs for pairs in texts if pairs]
    every = [pair for pairs in told for pair in pairs]
    if not every:
        return {}
    conflicting = [pair for pairs in told if len({right for right, _ in pairs}) > 1 for pair in pairs]
    found = {
        "accuracy": _accuracy(every),
        "macro_f1": _macro_f1(every),
        "exact": sum(all(right == said for right, said in pairs) for pairs in told) / len(told),
        "entities": float(len(every)),
    }
    return found | ({"conflicting_accuracy": _accuracy(conflicting)} if conflicting else {})


def paired(right: Mapping[str, str], answered: Mapping[str, str]) -> list[Pair]:
    """Return what is right of each entity beside what was answered of it."""
    return [(sentiment, answered.get(entity)) for entity, sentiment in right.items()]


def _accuracy(pairs: Sequence[Pair]) -> float:
    return sum(right == said for right, said in pairs) / len(pairs)


def _macro_f1(pairs: Sequence[Pair]) -> float:
    """The mean F1 over the sentiments that are right of some entity."""
    told = {right for right, _ in pairs}
    return sum(_f1(pairs, sentiment) for sentiment in told) / len(told)


def _f1(pairs: Sequence[Pair], sentiment: str) -> float:
    both = sum(right == said == sentiment for right, said in pairs)
    either = sum(right == sentiment for right, _ in pairs) + sum(said == sentiment for _, said in pairs)
    return 2 * both / either
