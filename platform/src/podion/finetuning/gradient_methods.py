"""The method that trains a head of any kind by gradients, on frozen states."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from podion.finetuning.examples import Examples
from podion.finetuning.gradient_training import GradientTraining
from podion.finetuning.lesson import Lesson, Made
from podion.finetuning.ordinal_methods import is_cross_fitted, ordinal_head_method
from podion.finetuning.out_of_fold import Learned, chosen, learns_to_the_end
from podion.hosting.resolve import resolve_head

Form = Mapping[str, Any]


def own_head_method(lesson: Lesson) -> Made:
    """Train a head of any kind on frozen states; a part of the records is kept apart unless validation was given.

    Of several forms that a head may take, the one that answers best is kept. A head that is trained to the end is
    trained once more by all records, see `podion.finetuning.out_of_fold`; so is one that asks for it
    (`Training.again`).
    """
    if is_cross_fitted(lesson):
        return ordinal_head_method(lesson)
    forms = resolve_head(lesson.task.head_declaration.implementation).forms(len(lesson.train.inside))
    training = GradientTraining(lesson, lesson.encoder.layers, None, form=forms[0])
    to_the_end = learns_to_the_end(lesson, training.head)
    if len(forms) == 1 and not to_the_end:
        return _trained_again(lesson, training) if _teaches_again(lesson, training) else training.run()

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


def _teaches_again(lesson: Lesson, training: GradientTraining) -> bool:
    """Whether a head asks for all records once it is judged, and the records kept apart are its own to take."""
    numbers = training.head.training_numbers
    given = lesson.validation is not None and len(lesson.validation.inside) > 0
    return numbers is not None and numbers.again and bool(training.held_out) and not given


def _trained_again(lesson: Lesson, training: GradientTraining) -> Made:
    """Judge a head by records kept apart, then train it by all for as many epochs, with what it had settled on."""
    folder = lesson.checkpoints
    epochs = training.train("training without some", span=(0.15, 0.5))
    judged = training.judged(span=(0.5, 0.55))
    whole = replace(lesson, checkpoints=folder / "whole" if folder is not None else None)
    again = GradientTraining(
        whole, lesson.encoder.layers, None, form=judged.options, parts=(lesson.train, Examples(()))
    )
    again.train("training", epochs, span=(0.55, 0.95))
    made = again.made(judged.calibration, dict(judged.validation))
    return replace(made, validated_on=judged.validated_on)
