"""What a head answers to batches of states."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from pydantic import BaseModel

from podion.answers import Answer
from podion.data.withholding import as_served
from podion.errors import PluginError
from podion.finetuning.calibration import Floats
from podion.finetuning.judging import Answers
from podion.hosting.adapter_files import Calibration
from podion.hosting.adapter_pool import PooledAdapter
from podion.hosting.answering import as_calibrated, scores_of
from podion.hosting.encoder import Encoder
from podion.hosting.head_loading import AnyHead, reads_features
from podion.hosting.heads import LabelClassifier
from podion.nn import States
from podion.vertical import Task

_CHUNK = 512


@dataclass(frozen=True)
class Batch:
    """The states of some records, and where those stand in their list."""

    places: tuple[int, ...]
    records: tuple[BaseModel, ...]
    states: States


def featured(head: AnyHead, task: Task, states: States, records: Sequence[BaseModel]) -> States:
    """Return the states with what the head makes of more than the text, seeing no more of a record than in service."""
    if not reads_features(head):
        return states
    made = head.features(as_served(task, records))
    return replace(states, features={name: tensor.to(states.pooled.device) for name, tensor in made.items()})


def served_batches(
    encoder: Encoder,
    head: AnyHead,
    task: Task,
    records: Sequence[BaseModel],
    adapter: PooledAdapter | None,
    cut: int | None = None,
) -> Iterator[Batch]:
    """Yield the states of all records as serving computes them, similar lengths together."""
    rows = encoder.tokenise([task.reads(record) for record in records])
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    for first in range(0, len(order), _CHUNK):
        places = tuple(order[first : first + _CHUNK])
        chosen = tuple(records[place] for place in places)
        adapters = [adapter] * len(places) if adapter is not None else None
        own = [rows[place] for place in places]
        states = encoder.states(own, adapters=adapters, reads_tokens=head.reads_tokens, cut=cut)
        yield Batch(places, chosen, featured(head, task, states, chosen))


def answer_all(head: AnyHead, batches: Iterable[Batch], calibration: Calibration) -> Answers:
    """Return the head's answers to all batches, in the order of the records."""
    answers: dict[int, Answer] = {}
    logits: dict[int, Floats] = {}
    near: dict[int, float] = {}
    plain = True
    for batch in batches:
        with torch.no_grad():
            found = head(batch.states)
            nearness = head.nearness(batch.states) if isinstance(head, LabelClassifier) else None
        scores = scores_of(head, calibration, found, batch.states)
        decoded = head.decode(scores)
        if len(decoded) != len(batch.places):
            raise PluginError(
                f"head {type(head).__name__} decoded {len(decoded)} answers for {len(batch.places)} rows, not one each"
            )
        answers |= zip(batch.places, as_calibrated(head, calibration, scores, decoded), strict=True)
        plain = plain and found.ndim == 2 and found.shape[1] == len(head.label_space)
        if plain:
            logits |= zip(batch.places, found.float().cpu().numpy(), strict=True)
        if nearness is not None:
            near |= zip(batch.places, nearness.tolist(), strict=True)
    order = range(len(answers))
    stacked = np.stack([logits[place] for place in order]) if plain and logits else None
    return Answers(
        answers=tuple(answers[place] for place in order),
        logits=stacked,
        nearness=np.array([near[place] for place in order]) if near else None,
        link=head.link,
        measure=head.measure,
    )
