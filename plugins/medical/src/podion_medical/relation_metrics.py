"""What is measured of relations between entities. Pure."""

from collections.abc import Sequence

from podion_medical.schema import RelatedText, RelationsAnswer

_Told = tuple[int, int, int, int, str]


def relation_metrics(answers: Sequence[RelationsAnswer], records: Sequence[RelatedText]) -> dict[str, float]:
    """Return micro precision, recall and `relation_f1` over both entities and the kind, and each kind's F1.

    Notes whose relations nobody marked do not count. Entities are those sent with the note.
    """
    rows = [
        (_found(answer), _true(record))
        for answer, record in zip(answers, records, strict=True)
        if record.label is not None
    ]
    hits = sum(len(found & truth) for found, truth in rows)
    found, truth = sum(len(found) for found, _ in rows), sum(len(truth) for _, truth in rows)
    metrics = {
        "relation_precision": hits / found if found else float(truth == 0),
        "relation_recall": hits / truth if truth else 1.0,
        "relation_f1": 2 * hits / (found + truth) if found + truth else 1.0,
    }
    kinds = sorted({told[-1] for pair in rows for side in pair for told in side})
    return metrics | {f"relation_f1_{kind}": _f1(rows, kind) for kind in kinds}


def _f1(rows: Sequence[tuple[set[_Told], set[_Told]]], kind: str) -> float:
    pairs = [
        ({one for one in found if one[-1] == kind}, {one for one in truth if one[-1] == kind}) for found, truth in rows
    ]
    named = sum(len(found) + len(truth) for found, truth in pairs)
    return 2 * sum(len(found & truth) for found, truth in pairs) / named if named else 1.0


def _found(answer: RelationsAnswer) -> set[_Told]:
    return {(one.head.start, one.head.end, one.tail.start, one.tail.end, one.label) for one in answer.relations}


def _true(record: RelatedText) -> set[_Told]:
    ends = {entity.id: entity for entity in record.entities}
    return {
        (ends[one.head].start, ends[one.head].end, ends[one.tail].start, ends[one.tail].end, one.label)
        for one in record.label or ()
        if one.head in ends and one.tail in ends
    }
