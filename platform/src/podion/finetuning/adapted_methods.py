"""The methods that train an adapter in the base's layers together with a head: LoRA, AdaLoRA and IA3.

Whoever imports this imports PEFT, which takes longer than training a small head: `podion.finetuning.fit` does so where
an adapter is asked for.
"""

from dataclasses import replace

from podion.finetuning.gradient_training import GradientTraining
from podion.finetuning.lesson import Lesson, Made
from podion.finetuning.lora_layers import lora_in
from podion.finetuning.recipe import recipe_for
from podion.finetuning.span_adapters import span_adapter_method
from podion.finetuning.worded_adapters import worded_lora_method
from podion.head_kinds import SpanHead
from podion.hosting.head_loading import AnyHead
from podion.hosting.resolve import resolve_head
from podion.vertical import Method


def lora_method(lesson: Lesson) -> Made:
    """Train an adapter in the layers above the cut together with the head, which starts as good as it gets alone.

    A plugin's own head starts trained where it says how (`Head.training_numbers`). The recipe's method says whether the
    adapter is a LoRA, an AdaLoRA or an IA3. The layers under the lesson's cut stay as they are; adapters share them.
    """
    if lesson.reads_words:
        return worded_lora_method(lesson)
    declared = lesson.task.head_declaration
    if isinstance(declared, SpanHead) and declared.nested:
        return span_adapter_method(lesson)
    head = None if lesson.is_linear else _trained_alone(lesson)
    with lora_in(lesson.encoder, lesson.recipe, lesson.cut, lesson.seed) as lora:
        return GradientTraining(lesson, lesson.cut, lora, head).run()


def _trained_alone(lesson: Lesson) -> AnyHead | None:
    """A head of a plugin's own, trained by its own numbers on frozen states; None where it has none."""
    if resolve_head(lesson.task.head_declaration.implementation).training_numbers is None:
        return None
    recipe = recipe_for(Method.HEAD, len(lesson.train.inside))
    checkpoints = lesson.checkpoints / "head" if lesson.checkpoints is not None else None
    training = GradientTraining(replace(lesson, recipe=recipe, checkpoints=checkpoints), lesson.encoder.layers, None)
    training.train("training the head")
    return training.head
