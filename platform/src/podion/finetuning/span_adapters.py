"""An adapter below a head of nested spans: the head starts from what frozen tokens say, and words join it at the end.

Beside words an adapter leaves them what they know by heart, and learns less of what it could: as with labels, see
`podion.finetuning.worded_adapters`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from podion.finetuning.fresh_heads import features_of, fresh_head
from podion.finetuning.gradient_training import GradientTraining
from podion.finetuning.late_fusion import Fusion, fuse
from podion.finetuning.lesson import Lesson, Made
from podion.finetuning.lora_layers import lora_in
from podion.finetuning.recipe import recipe_for_spans
from podion.finetuning.scoring import Batch
from podion.finetuning.token_starts import evenly, start_from_tokens
from podion.head_kinds import SpanHead
from podion.hosting.nested_spans import TAGS, NestedSpanTagger
from podion.hosting.token_rows import batches_of
from podion.hosting.worded_spans import WordedSpanTagger


def span_adapter_method(lesson: Lesson) -> Made:
    """Train an adapter in every layer and a head of nested spans; where the task reads words, they are added last."""
    lesson = replace(lesson, recipe=recipe_for_spans(lesson.recipe))
    with lora_in(lesson.encoder, lesson.recipe, lesson.cut, lesson.seed) as lora:
        training = GradientTraining(lesson.without_words(), lesson.cut, lora)
        lesson.watch.stage("warming the head", 0.2, 0.25)
        _start(training)
        training.learn()
        if cast(SpanHead, lesson.task.head_declaration).words:
            lesson.watch.stage("reading words", 0.95, 0.97)
            _join_words(lesson, training)
        return training.judged((0.97, 1.0))


def _start(training: GradientTraining) -> None:
    """Fit the head to the base's own states, which are those of an adapter that learned nothing yet."""
    head, look = cast(NestedSpanTagger, training.head), training.lesson.watch.look
    lengths = training.base.lengths[: len(training.inside)]
    rows = evenly(lengths)
    tokens, targets = list[Tensor](), list[Tensor]()
    for batch in batches_of([lengths[row] for row in rows]):
        look()
        places = [rows[place] for place in batch]
        with torch.no_grad():
            states = training.base.states(places, reads_tokens=True)
        told = head.targets(states.mask, states.offsets, [training.inside[place] for place in places])
        labelled = told[:, :, 0] >= 0
        tokens.append(states.tokens[labelled])
        targets.append(told[labelled])
    if sum(map(len, tokens)):
        start_from_tokens(head, torch.cat(tokens), torch.cat(targets), look)


def _join_words(lesson: Lesson, training: GradientTraining) -> None:
    """Put a head that also reads words in the place of the one that was trained, weighed by the records kept apart."""
    head = cast(WordedSpanTagger, fresh_head(lesson, training.inside, {}))
    head.plain.load_state_dict(training.head.state_dict())
    records = (*training.inside, *training.outside, *training.held_out)
    training.head, training.features = head, features_of(head, lesson.task, records, len(training.inside))
    ours, theirs, targets = (torch.cat(parts) for parts in zip(*_said(head, training.batches()), strict=True))
    _weigh(head, fuse(ours.numpy(), theirs.numpy(), targets.numpy()))


def _said(head: WordedSpanTagger, batches: Sequence[Batch]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """What states and what words say of tags, [tags, 3] each, and which are right; at first nothing of none."""
    yield torch.zeros(0, TAGS), torch.zeros(0, TAGS), torch.zeros(0, dtype=torch.long)
    for batch in batches:
        with torch.no_grad():
            ours, both = head.plain(batch.states), head(batch.states)
        targets = head.plain.targets(batch.states.mask, batch.states.offsets, batch.records)
        labelled = targets[:, :, 0] >= 0
        parts = (part[labelled].reshape(-1, TAGS).cpu() for part in (ours, both - ours))
        yield *parts, targets[labelled].flatten()


def _weigh(head: WordedSpanTagger, fusion: Fusion) -> None:
    with torch.no_grad():
        head.plain.linear.weight.mul_(fusion.first)
        bias = torch.from_numpy(fusion.bias).repeat(len(head.label_space)).to(head.plain.linear.bias)
        head.plain.linear.bias.mul_(fusion.first).add_(bias)
        head.words.weight.mul_(fusion.second)
        head.words.bias.mul_(fusion.second)
