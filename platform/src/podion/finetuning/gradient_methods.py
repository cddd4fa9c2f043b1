"""The methods that train by gradients: any head on frozen states, and LoRA in the upper layers with any head."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from podion.finetuning.examples import Examples
from podion.finetuning.gradient_training import GradientTraining
from podion.finetuning.lesson import Lesson, Made
from podion.finetuning.lora_layers import lora_in
from podion.finetuning.out_of_fold import Learned, chosen, learns_to_the_end
from podion.finetuning.recipe import recipe_for
from podion.finetuning.worded_adapters import worded_lora_method
from podion.hosting.head_loading import AnyHead
from podion.hosting.resolve import resolve_head
from podion.vertical import Method

Form = Mapping[str, Any]


def own_head_method(lesson: Lesson) -> Made:
    """Train a head of any kind on frozen states; a part of the records is kept apart unless validation was given.

    Of several forms that a head may take, the one that answers best is kept. A head that is trained to the end is
    trained once more by all records, see `podion.finetuning.out_of_fold`.
    """
    forms = resolve_head(lesson.task.head_declaration.implementation).forms(len(lesson.train.inside))
    training = GradientTraining(lesson, lesson.encoder.layers, None, form=forms[0])
    to_the_end = learns_to_the_end(lesson, training.head)
    if len(forms) == 1 and not to_the_end:
        return training.run()

    def train(name: str, form: Form, part: tuple[Examples, Examples]) -> GradientTraining:
        folder = lesson.checkpoints / name if lesson.checkpoints is not None else None
        one = replace(lesson, checkpoints=folder)
        training = GradientTraining(one, lesson.encoder.layers, None, form=form, parts=part)
        training.train("training" if not len(part[1]) else "training without some")
        return training

    made: dict[tuple[int, int], GradientTraining] = {}

    def learn(form: int, place: int, part: tuple[Examples, Examples]) -> Learned:
        training = made[form, place] = train(f"form-{form}-part-{place}", forms[form], part)
        return Learned(training.head, training.held_out, training.batches())

    choice = chosen(lesson, len(forms), learn, once=not to_the_end)
    if not to_the_end:
        return made[choice.form, 0].made(choice.calibration, choice.metrics)
    whole = train("whole", forms[choice.form], (lesson.train, Examples(())))
    return whole.made(choice.calibration, choice.metrics)


def lora_method(lesson: Lesson) -> Made:
    """Train an adapter in the layers above the cut together with the head, which starts as good as it gets alone.

    A plugin's own head starts trained where it says how (`Head.training_numbers`). The recipe's method says whether the
    adapter is a LoRA, an AdaLoRA or an IA3.
    """
    if lesson.reads_words:
        return worded_lora_method(lesson)
    head = None if lesson.is_linear else _trained_alone(lesson)
    with lora_in(lesson.encoder, lesson.recipe, lesson.encoder.cut, lesson.seed) as lora:
        return GradientTraining(lesson, lesson.encoder.cut, lora, head).run()


def _trained_alone(lesson: Lesson) -> AnyHead | None:
    """A head of a plugin's own, trained by its own numbers on frozen states; None where it has none."""
    if resolve_head(lesson.task.head_declaration.implementation).training_numbers is None:
        return None
    recipe = recipe_for(Method.HEAD, len(lesson.train.inside))
    checkpoints = lesson.checkpoints / "head" if lesson.checkpoints is not None else None
    training = GradientTraining(replace(lesson, recipe=recipe, checkpoints=checkpoints), lesson.encoder.layers, None)
    training.train("training the head")
    return training.head
