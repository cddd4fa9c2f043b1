"""Whether two texts are the same report: one a copy of the other, cut or touched up, and with the same facts."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from podion_sentiment_monitor.sketches import shingles
from podion_sentiment_monitor.text import bare, numbers, tokens

COPIED = 0.8
"""Share of the shorter text's shingles that stand in the longer: above, nothing else is asked."""
TOUCHED_UP = 0.3
"""Below, it is another text; between the two, meaning decides (cosine of the embeddings)."""
WORDS_KEPT = 0.72
COMPARABLE = 0.8
SHORTEST = 5
_NEGATIONS = frozenset(
    {
        "not",
        "no",
        "never",
        "without",
        "denies",
        "denied",
        "deny",
        "neither",
        "nor",
        "fails",
        "不",
        "没",
        "未",
        "无",
        "否",
        "非",
    }
)


class Verdict(StrEnum):
    """What is known of two texts before their meaning is compared."""

    SAME = "same"
    DIFFERENT = "different"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Told:
    """A text as it is compared: its words, shingles, numbers, and the watched entities it names."""

    words: tuple[str, ...]
    pieces: frozenset[str]
    figures: frozenset[str]
    names: frozenset[str]


def told(text: str, names: frozenset[str] = frozenset()) -> Told:
    """Return what a text tells, without what a repost puts around it."""
    plain = bare(text)
    return Told(tuple(tokens(plain)), shingles(text), numbers(plain), names)


def compare(one: Told, other: Told) -> Verdict:
    """Return whether one of two texts is a copy of the other, cut or touched up, with the same facts."""
    short, long = sorted((one, other), key=lambda each: (len(each.words), each.words))
    if one.words == other.words:
        return Verdict.SAME if one.words else Verdict.DIFFERENT
    if len(short.words) < SHORTEST or not _facts_agree(short, long):
        return Verdict.DIFFERENT
    copied = len(short.pieces & long.pieces) / len(short.pieces)
    if copied >= COPIED:
        return Verdict.SAME
    if copied < TOUCHED_UP or _words_kept(short, long) < WORDS_KEPT:
        return Verdict.DIFFERENT
    return Verdict.UNCLEAR


def _facts_agree(short: Told, long: Told) -> bool:
    """Return whether the shorter text states no number, entity or denial of its own."""
    if not short.names <= long.names:
        return False
    if any(figure not in long.figures and not _is_cut(figure, short, long) for figure in short.figures):
        return False
    refused, granted = _negations(short), _negations(long)
    comparable = len(short.words) >= COMPARABLE * len(long.words)
    return refused == granted if comparable else not refused - granted


def _is_cut(figure: str, short: Told, long: Told) -> bool:
    """Return whether a number is what is left of a longer one, at the end of a text that was cut."""
    last = short.words[-1].replace(",", "")
    return last == figure and any(each.startswith(figure) for each in long.figures)


def _negations(told: Told) -> Counter[str]:
    return Counter(each for each in told.words if each in _NEGATIONS or each.endswith(("n't", "n’t")))


def _words_kept(short: Told, long: Told) -> float:
    kept = Counter(short.words) & Counter(long.words)
    return kept.total() / len(short.words)
