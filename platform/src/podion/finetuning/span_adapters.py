"""An adapter below a head of nested spans: the head starts from what frozen tokens say, and words join it at the end.

Beside words an adapter leaves them what they know by heart, and learns less of what it could: as with labels, see
`podion.finetuning.worded_adapters`.
"""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from podion.finetuning.fresh_heads import features_of, fresh_head
from podion.finetuning.gradient_training import GradientTraining
from podion.finetuning.judging import judge, primary_value
from podion.finetuning.lesson import Lesson, Made, sides
from podion.finetuning.lora_layers import LoraInTraining
from podion.finetuning.recipe import recipe_for_spans
from podion.finetuning.scoring import answer_all
from podion.finetuning.soups import trained
from podion.finetuning.token_starts import evenly, start_from_tokens
from podion.head_kinds import SpanHead
from podion.hosting.adapter_files import Calibration
from podion.hosting.head_loading import AnyHead
from podion.hosting.nested_spans import TAGS, NestedSpanTagger
from podion.hosting.tag_paths import OUTSIDE
from podion.hosting.token_rows import batches_of
from podion.hosting.worded_spans import WordedSpanTagger

_SHARES = (0.45, 0.6, 0.3, 0.8, 0.15, 1.0, 0.0)
"""How much words may count beside an adapter: of those that are best on validation the first."""

_OUTSIDE = (0.0, -0.5, 0.5, -1.0)
"""What may be added to a token's logit of lying outside, so that as much is found as is best."""


def span_adapter_method(lesson: Lesson) -> Made:
    """Train an adapter in every layer and a head of nested spans; where the task reads words, they are added last."""
    lesson = replace(lesson, recipe=recipe_for_spans(lesson.recipe))
    parts = sides(lesson)

    def begin(lesson: Lesson, lora: LoraInTraining) -> GradientTraining:
        training = GradientTraining(lesson.without_words(), lesson.cut, lora, parts=parts)
        lesson.watch.stage("warming the head", 0.2, 0.25)
        _start(training)
        return training

    with trained(lesson, begin) as training:
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
    """Put a head that also reads words in the place of the one that was trained, weighed as is best on validation."""
    joint = _Joint(cast(WordedSpanTagger, fresh_head(lesson, training.inside, {})), training.head)
    records = (*training.inside, *training.outside, *training.held_out)
    training.head, training.features = joint.head, features_of(joint.head, lesson.task, records, len(training.inside))
    joint.weigh(_SHARES[0], _OUTSIDE[0])
    if not training.held_out:
        return
    batches = training.batches()

    def value(share: float, outside: float) -> float:
        lesson.watch.look()
        joint.weigh(share, outside)
        found = answer_all(joint.head, batches, Calibration())
        labels = lesson.space.labels
        return primary_value(
            lesson.task, judge(lesson.task, training.held_out, found, labels, Calibration(), brief=True)
        )

    share = max(_SHARES, key=lambda share: value(share, _OUTSIDE[0]))
    joint.weigh(share, max(_OUTSIDE, key=lambda outside: value(share, outside)))


class _Joint:
    """A head of states and words: what either says counts as much as `weigh` is told."""

    def __init__(self, head: WordedSpanTagger, plain: AnyHead) -> None:
        self.head = head
        head.plain.load_state_dict(plain.state_dict())
        self._words = {name: tensor.clone() for name, tensor in head.words.state_dict().items() if name != "keys"}
        self._bias = head.plain.linear.bias.detach().clone()

    def weigh(self, share: float, outside: float) -> None:
        """Let words count by `share`, and raise every logit that a token lies outside by `outside`."""
        with torch.no_grad():
            for name, tensor in self._words.items():
                self.head.words.get_buffer(name).copy_(share * tensor)
            self.head.plain.linear.bias.copy_(self._bias)
            self.head.plain.linear.bias[OUTSIDE::TAGS] += outside
