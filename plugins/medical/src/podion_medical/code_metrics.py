"""What coders ask of answered codes beside the usual: precision of the first few, rare codes, evidence. No torch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from podion_medical.hierarchy import category_of, rolled_up
from podion_medical.schema import CodedNote, CodesAnswer

_FIRST = (5, 8)


def coding_metrics(
    answers: Sequence[CodesAnswer], records: Sequence[CodedNote], counts: Mapping[str, int], least: int, system: str
) -> dict[str, float]:
    """Return metrics of answers to coded notes, in codes as they can be answered: rare ones by their category.

    `counts` says how many training notes have each code; a code of fewer than `least` is rare. `precision_at_5` and
    `precision_at_8` are of the most probable codes, those below their thresholds included; `rolled_micro_f1` and
    `rolled_macro_f1` (over codes that a note has) of the answered ones, `rare_f1` of the rare alone;
    `evidence_recall` is the share of marked evidence that a stretch of the same code or category touches, where any is
    marked and the code was answered. What nothing can be said of is left out.
    """
    pairs = [
        (answer, record, rolled_up(record.label, counts, least, system))
        for answer, record in zip(answers, records, strict=True)
        if record.label is not None
    ]
    if not pairs:
        return {}
    rare = {category_of(code, system) for code, count in counts.items() if count < least}
    rare |= {category_of(code, system) for *_, truth in pairs for code in truth if counts.get(code, 0) < least}
    frequent = {code for code, count in counts.items() if count >= least}
    told = [({one.label for one in answer.labels}, set(truth)) for answer, _, truth in pairs]
    metrics = {f"precision_at_{first}": _precision_at(pairs, first) for first in _FIRST}
    metrics["rolled_micro_f1"] = _micro_f1(told)
    metrics["rolled_macro_f1"] = _macro_f1(told)
    slices = [(found & (rare - frequent), truth & (rare - frequent)) for found, truth in told]
    if any(truth for _, truth in slices):
        metrics["rare_f1"] = _micro_f1(slices)
    recall = _evidence_recall(answers, records, system)
    return metrics if recall is None else {**metrics, "evidence_recall": recall}


def _precision_at(pairs: Iterable[tuple[CodesAnswer, CodedNote, frozenset[str]]], first: int) -> float:
    """The share of the first few codes that are right, out of as many as there are to be had."""
    shares = []
    for answer, _, truth in pairs:
        ranked = sorted((*answer.labels, *answer.alternatives), key=lambda one: -one.confidence)[:first]
        shares.append(sum(one.label in truth for one in ranked) / first)
    return sum(shares) / len(shares)


def _micro_f1(told: Sequence[tuple[set[str], set[str]]]) -> float:
    hits = sum(len(found & truth) for found, truth in told)
    named = sum(len(found) + len(truth) for found, truth in told)
    return 2 * hits / named if named else 1.0


def _macro_f1(told: Sequence[tuple[set[str], set[str]]]) -> float:
    hits: dict[str, int] = defaultdict(int)
    named: dict[str, int] = defaultdict(int)
    for found, truth in told:
        for code in found | truth:
            hits[code] += 2 * (code in found and code in truth)
            named[code] += (code in found) + (code in truth)
    held = {code for _, truth in told for code in truth}
    return sum(hits[code] / named[code] for code in held) / len(held) if held else 1.0


def _evidence_recall(answers: Sequence[CodesAnswer], records: Sequence[CodedNote], system: str) -> float | None:
    touched = marked = 0
    for answer, record in zip(answers, records, strict=True):
        answered = {one.label for one in answer.labels}
        for span in record.evidence or ():
            names = {span.label, category_of(span.label, system)} & answered
            if not names:
                continue
            marked += 1
            touched += any(
                one.code in names and one.start < span.end and span.start < one.end for one in answer.evidence
            )
    return touched / marked if marked else None
