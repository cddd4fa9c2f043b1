"""Adapters without training: labels by their words, and by a few examples. No torch.

A text belongs to the label whose prototype is nearest. Prototypes are centred on their mean before they are
compared: what all of them share tells no label apart, and some base models put everything close together. The result
is the weight and bias of an ordinary `LabelClassifier`.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from podion.errors import DataError
from podion.finetuning.calibration import Floats
from podion.head_kinds import LabelHead, PairHead
from podion.hosting.adapter_files import Array, HeadFile
from podion.vertical import LabelSpace, Task

LABEL_WEIGHT = 1.5
"""A label's words count like this many examples; measured on BANKING77's train part with two bases, 1 to 8 shots."""

SHARPNESS = 2.4
"""Logit scale times the spread of cosines between prototypes; 2.4 (minilm-l6) and 2.5 (me5-small) measured best."""

_LATIN = ("{}", "my question is about {}", "I want to know about {}", "tell me about my {}")
_CJK = ("{}", "我想问{}", "关于{}的问题")


def phrasings(space: LabelSpace) -> list[list[str]]:
    """Return for every label, in order, the texts that stand for it.

    They are its words in short sentences and its description; or, where the description is several things that people
    say, those alone.
    """
    return [_phrasings(space, label) for label in space.labels]


def label_prototypes(vectors: Sequence[Floats]) -> Floats:
    """Return one vector a label, [labels, hidden], out of the vectors of its phrasings, [phrasings, hidden] each."""
    return _unit(np.stack([_unit(np.asarray(rows, dtype=np.float64)).mean(axis=0) for rows in vectors]))


def zero_shot(prototypes: Floats) -> dict[str, Array]:
    """Return the head's tensors for labels known by their words alone."""
    centre = prototypes.mean(axis=0)
    return _tensors(prototypes - centre, centre)


def few_shot(prototypes: Floats, vectors: Floats, targets: Sequence[int]) -> dict[str, Array]:
    """Return the head's tensors for labels known by their words and examples: `vectors` [rows, hidden], their labels.

    A label without examples is known by its words alone.
    """
    shown = _unit(np.asarray(vectors, dtype=np.float64))
    counts = np.bincount(targets, minlength=len(prototypes)).astype(np.float64)[:, None]
    sums = np.zeros_like(prototypes)
    np.add.at(sums, np.asarray(targets), shown)
    means = sums / np.maximum(counts, 1)
    centre = means[counts[:, 0] > 0].mean(axis=0)
    examples = np.where(counts > 0, means - centre, 0.0)
    words = prototypes - prototypes.mean(axis=0)
    return _tensors((LABEL_WEIGHT * words + counts * examples) / (LABEL_WEIGHT + counts), centre)


def check_labels(task: Task) -> None:
    """Raise `DataError` (code `untrained`) unless the task's labels can be read as text."""
    if not isinstance(task.head_declaration, LabelHead):
        raise DataError(
            f"task {task.name} has a head of its own kind, which knows nothing before training: use head or lora",
            code="untrained",
        )


def head_file(task: Task, space: LabelSpace, hidden_size: int, options: Mapping[str, Any] | None = None) -> HeadFile:
    """Return what an adapter's `head.json` says for this task and label space.

    A head that reads words, and was taught none yet, is the one that reads vectors alone.
    """
    head = task.head_declaration
    if isinstance(head, LabelHead | PairHead) and "words" not in (options or {}):
        head = replace(head, words=False)
    return HeadFile(
        implementation=head.implementation,
        record=f"{task.record.__module__}:{task.record.__qualname__}",
        hidden_size=hidden_size,
        labels=space.labels,
        label_field=space.label_field,
        descriptions=dict(space.descriptions),
        options=dict(options or {}),
    )


def _phrasings(space: LabelSpace, label: str) -> list[str]:
    description = space.descriptions.get(label)
    if isinstance(description, tuple) and description:
        return list(description)
    words = label.replace("_", " ").replace("-", " ").strip() or label
    sentences = [form.format(words) for form in (_CJK if _is_cjk(words) else _LATIN)]
    return [description, *sentences] if isinstance(description, str) and description else sentences


def _is_cjk(text: str) -> bool:
    return any("CJK" in unicodedata.name(character, "") for character in text)


def _tensors(directions: Floats, centre: Floats) -> dict[str, Array]:
    weights = _unit(directions)
    scale = SHARPNESS / max(_spread(directions, weights), 0.02) if len(weights) > 1 else 1.0
    return {
        "linear.weight": (scale * weights).astype(np.float32),
        "linear.bias": (-scale * weights @ centre).astype(np.float32),
    }


def _spread(directions: Floats, weights: Floats) -> float:
    """Return how far apart texts of different labels lie along the weights: the deviation of the weights' cosines.

    Two labels stand opposite one another, whatever they are; there it is how far a prototype lies from the centre.
    """
    if len(weights) == 2:
        return float(np.linalg.norm(directions, axis=1).mean())
    return float((weights @ weights.T)[~np.eye(len(weights), dtype=bool)].std())


def _unit(vectors: Floats) -> Floats:
    length: Any = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = vectors / np.maximum(length, 1e-12)
    return unit
