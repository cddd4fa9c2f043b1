"""What looks wrong about the labels of a dataset, in sentences."""

from collections import Counter

from podion.answers import LabelAnswer, RankingAnswer
from podion.data.suggestions import Suggestions
from podion.vertical import Task

_SHOWN = 50
_COMPARED = 500


def label_warnings(task: Task, labels: Counter[str], judged: int, unlabelled: int) -> tuple[str, ...]:
    """Return a sentence for each thing a head could not learn from, or that is likely a slip of the pen.

    `judged` and `unlabelled` count rows, `labels` how often each label stands in the judged ones.
    """
    sentences: list[str] = []
    if len(labels) == 1 and issubclass(task.answer_schema, LabelAnswer):
        (label,) = labels
        sentences.append(f'every labelled row has the label "{label}": a head needs at least two labels to tell apart')
    if not judged and unlabelled:
        sentences.append("no row has a label: such a dataset can be answered, not learned from")
    if issubclass(task.answer_schema, RankingAnswer):
        return tuple(sentences)  # an id is no word that a pen slips in, and what was taken once was taken
    frequent = {label: count for label, count in labels.most_common(_COMPARED) if count > 1}
    once = [label for label, count in labels.items() if count == 1]
    suggestions = Suggestions(_SHOWN)
    for label in once[:_SHOWN]:
        near = suggestions.closest(label, frequent)
        end = f'did you mean "{near}" ({frequent[near]})?' if near else "one row cannot be learned from and tested too"
        sentences.append(f'"{label}" is used once; {end}')
    if len(once) > _SHOWN:
        sentences.append(f"{len(once) - _SHOWN:,} more labels are used once")
    return tuple(sentences)
