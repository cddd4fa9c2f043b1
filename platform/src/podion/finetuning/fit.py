"""One fine-tuning: records in, the parts of an adapter and an honest report out."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from podion.finetuning.challengers import challenge
from podion.finetuning.evaluate import measure_parts
from podion.finetuning.examples import Examples, gather, hold_out, space_of
from podion.finetuning.gradient_methods import own_head_method
from podion.finetuning.histories import followed
from podion.finetuning.items import items_of
from podion.finetuning.judging import primary_value
from podion.finetuning.lesson import Lesson, Made
from podion.finetuning.linear_methods import few_shot_method, head_method, zero_shot_method
from podion.finetuning.progress import Cancelled, Progress, Watch
from podion.finetuning.prototypes import head_file
from podion.finetuning.recipe import ADAPTED, choose_method, recipe_for
from podion.finetuning.trainer import deterministic
from podion.finetuning.worded_methods import worded_head_method
from podion.hosting.adapter_files import AdapterParts, Array
from podion.hosting.base_card import InstalledBase
from podion.hosting.encoder import Encoder
from podion.hosting.silent_rows import says_nothing
from podion.vertical import Method, Task

_FORM = 5
"""Counts up when training changes such that an older checkpoint cannot go on."""

__all__ = ["Cancelled", "FitRequest", "FitResult", "Progress", "fit"]


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """What to make an adapter of. `task_name` is `vertical/task`; `shots` is for few-shot alone.

    `challengers` says whether the task's challengers are fitted and told of in the report. Without validation records a
    part of the training records is kept apart, or each is judged by a head without it. `items` are what is known of
    the things that labels are ids of, of the kind that the task declares.
    """

    task: Task
    task_name: str
    method: Method
    train: Sequence[BaseModel]
    base: InstalledBase
    validation: Sequence[BaseModel] | None = None
    test: Sequence[BaseModel] | None = None
    seed: int = 0
    shots: int | None = None
    dataset_digests: Mapping[str, str] = field(default_factory=dict)
    challengers: bool = True
    items: Sequence[BaseModel] = ()


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """An adapter's parts, how it was made (`method` is never `auto`), what it cost and how good it is.

    `rows` counts the records that taught, that were kept apart to validate, and that tested.
    """

    parts: AdapterParts
    method: Method
    rows: Mapping[str, int]
    trainable_parameters: int
    seconds: float
    cpu_seconds: float
    metrics: Mapping[str, Mapping[str, Any]]


def fit(
    request: FitRequest,
    encoder: Encoder,
    *,
    progress: Callable[[Progress], None] = lambda progress: None,
    checkpoints: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> FitResult:
    """Make an adapter; the same request on the same machine gives the same bits, also after a stop and a resume.

    Raises `DataError` when the records cannot teach the task, `NotBuilt` for a method of a later version, `Cancelled`
    soon after `cancelled()` turns true. With `checkpoints`, a folder of this run alone, a second call goes on where
    the first was stopped.

    A task's history fills in training and validation records together, each with what was known at its own time, and
    goes on from there with the test records. Its challengers stand in the metrics of validation and test rows, under
    `challengers`.
    """
    wall, cpu = time.monotonic(), time.process_time()
    request, history = _with_past(request)
    lesson, methods = _lesson(request, encoder, Watch(progress, cancelled), checkpoints)
    with deterministic():
        made, method = _best(lesson, methods)
        parts = replace(_parts(request, lesson, made, method), history=history)
        metrics: dict[str, Mapping[str, Any]] = {"validation": made.validation, "test": {}}
        test, _ = followed(request.task, request.test or (), history)
        if test:
            lesson.watch.stage("testing", 0.97, 0.98)
            metrics["test"] = measure_parts(parts, encoder, request.task, test)
    if request.challengers and request.task.challengers:
        lesson.watch.stage("challengers", 0.98, 1.0)
        again = not request.validation and made.trained_on == len(lesson.train.inside)
        challenged = challenge(lesson, gather(request.task, test).inside, again=again)
        parts = replace(parts, challengers=challenged.texts)
        metrics["validation"] = {**made.validation, "challengers": challenged.validation}
        if test:
            metrics["test"] = {**metrics["test"], "challengers": challenged.test}
    lesson.watch.stage("done", 1.0, 1.0)
    return FitResult(
        parts=replace(parts, card={**parts.card, "metrics": metrics}),
        method=method,
        rows={"train": made.trained_on, "validation": made.validated_on, "test": len(request.test or ())},
        trainable_parameters=made.trainable_parameters,
        seconds=time.monotonic() - wall,
        cpu_seconds=time.process_time() - cpu,
        metrics=metrics,
    )


def _with_past(request: FitRequest) -> tuple[FitRequest, Mapping[str, Array] | None]:
    """The request with records filled in by the task's history, and the history's state after them."""
    if request.task.history is None:
        return request, None
    validation = request.validation or ()
    filled, state = followed(request.task, [*request.train, *validation])
    taught = len(request.train)
    return replace(request, train=filled[:taught], validation=filled[taught:] if validation else None), state


def _lesson(
    request: FitRequest, encoder: Encoder, watch: Watch, checkpoints: Path | None
) -> tuple[Lesson, tuple[Method, ...]]:
    task = request.task
    train = gather(task, request.train)
    space = space_of(task, train)
    has_texts = any(not says_nothing(task.reads(record)) for record in train.inside)
    methods = choose_method(task, Method(request.method), len(train.inside), len(space), has_texts=has_texts)
    validation = gather(task, request.validation) if request.validation else None
    lesson = Lesson(
        task=task,
        space=space,
        recipe=recipe_for(methods[0], len(train.inside)),
        seed=request.seed,
        shots=request.shots,
        encoder=encoder,
        train=train,
        validation=validation,
        watch=watch,
        checkpoints=checkpoints,
        identity="",
        items=items_of(task, request.items, space.labels, encoder, watch, checkpoints),
    )
    return lesson, methods


def _best(lesson: Lesson, methods: tuple[Method, ...]) -> tuple[Made, Method]:
    """What the only method makes or, of several, the one that does best on the same validation rows."""
    if len(methods) == 1:
        return _make(lesson, methods[0]), methods[0]
    if not set(ADAPTED) & set(methods) or (lesson.validation is not None and lesson.validation.inside):
        made = [(_make(lesson, method), method) for method in methods]
        return max(made, key=lambda pair: _value(lesson, pair[0]))
    kept, taken = hold_out(lesson.task, lesson.train.inside, lesson.recipe.validation_share, lesson.seed)
    inside = lesson.train.inside
    judged = replace(
        lesson,
        train=Examples(tuple(inside[place] for place in kept), lesson.train.outside),
        validation=Examples(tuple(inside[place] for place in taken)),
    )
    made = [(_make(judged, method), method) for method in methods]
    best, method = max(made, key=lambda pair: _value(lesson, pair[0]))
    return (best, method) if method in ADAPTED else (_make(lesson, method), method)


def _value(lesson: Lesson, made: Made) -> float:
    return primary_value(lesson.task, dict(made.validation)) if made.validation else float("-inf")


def _make(lesson: Lesson, method: Method) -> Made:
    recipe = recipe_for(method, len(lesson.train.inside))
    lesson = replace(lesson, recipe=recipe, identity=_identity(lesson, method))
    if method is Method.ZERO_SHOT:
        return zero_shot_method(lesson)
    if method is Method.FEW_SHOT:
        return few_shot_method(lesson)
    if method in ADAPTED:
        from podion.finetuning.adapted_methods import lora_method  # PEFT: a head alone need not wait for it

        return lora_method(lesson)
    if lesson.reads_words:
        return worded_head_method(lesson)
    return head_method(lesson) if lesson.is_linear else own_head_method(lesson)


def _identity(lesson: Lesson, method: Method) -> str:
    """A digest of everything that decides the bits of a training, so that checkpoints of another are not taken."""
    digest = hashlib.sha256()
    sides = (lesson.train, lesson.validation or Examples(()))
    for records in (side for examples in sides for side in (examples.inside, examples.outside)):
        digest.update(b"\0side\0")
        for record in records:
            digest.update(record.model_dump_json().encode() + b"\0")
    if lesson.items is not None:
        digest.update(lesson.items.digest.encode())
    about = {
        "base": lesson.encoder.base.fingerprint,
        "deep": lesson.task.deep,
        "form": _FORM,
        "frozen_layers": lesson.encoder.base.frozen_layers,
        "recipe": asdict(recipe_for(method, len(lesson.train.inside))),
        "seed": lesson.seed,
        "task": lesson.task.name,
    }
    digest.update(json.dumps(about, sort_keys=True).encode())
    return digest.hexdigest()


def _parts(request: FitRequest, lesson: Lesson, made: Made, method: Method) -> AdapterParts:
    base = lesson.encoder.base
    card = {
        "task": request.task_name,
        "method": method.value,
        "base": base.name,
        "runtime": base.runtime,
        "fingerprint": base.fingerprint,
        "seed": request.seed,
        "shots": request.shots,
        "datasets": dict(request.dataset_digests),
        "rows": {"train": made.trained_on, "validation": made.validated_on},
    }
    return AdapterParts(
        card=card,
        head=head_file(request.task, lesson.space, lesson.encoder.hidden_size, made.options),
        head_tensors=made.head_tensors,
        calibration=made.calibration,
        lora=made.lora,
    )
