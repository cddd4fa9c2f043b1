"""From one call's states to its answers: the head, the calibration, the decoding, and a check of each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from podion.answers import Answer, LabelAnswer, SpanAnswer
from podion.errors import PluginError, PodionError
from podion.hosting.adapter_cache import LoadedAdapter
from podion.hosting.adapter_files import Calibration
from podion.hosting.head_loading import AnyHead
from podion.hosting.heads import LabelClassifier
from podion.hosting.label_sets import label_sets
from podion.hosting.span_odds import surer
from podion.hosting.trust import trust_of
from podion.nn import Scores, States


def answer_rows(adapter: LoadedAdapter, states: States, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the answers of one call's rows, dumped without `prediction_id`.

    Whatever the head does wrong raises `PluginError`: code `plugin_failed` when it raises, `bad_output` when it
    returns something that is no answer.
    """
    try:
        with torch.inference_mode():
            answers = _answers(adapter, states, records)
        return [answer.model_dump(mode="json", exclude={"prediction_id"}) for answer in answers]
    except PodionError:
        raise
    except Exception as error:  # a head is a plugin's code: it may fail in any way, and fails alone
        raise PluginError(f"head {adapter.head_path} failed: {type(error).__name__}: {error}") from error


def _answers(adapter: LoadedAdapter, states: States, records: Sequence[Mapping[str, Any]]) -> list[Answer]:
    rows = len(states.pooled)
    if adapter.record is not None:
        states = _with_features(adapter, states, records)
    logits = adapter.head(states)
    _check_logits(adapter, logits, rows)
    scores = scores_of(adapter.head, adapter.calibration, logits, states)
    answers = list(adapter.head.decode(scores))
    if len(answers) != rows or not all(isinstance(answer, Answer) for answer in answers):
        raise _bad_output(adapter, f"decode made {len(answers)} answers of {rows} rows, or something else than answers")
    if not all(0.0 <= answer.confidence <= 1.0 for answer in answers):
        raise _bad_output(adapter, "a confidence is not between 0 and 1")
    return as_calibrated(adapter.head, adapter.calibration, scores, answers)


def as_calibrated(head: AnyHead, calibration: Calibration, scores: Scores, answers: Sequence[Answer]) -> list[Answer]:
    """Return decoded answers with what only the calibration knows: labels that may be right, how sure a stretch is.

    There are possible labels where the calibration has a level and there is a logit a label. A label that a head of a
    plugin's own answers by a rule of its own is possible in any case.
    """
    if calibration.span_odds is not None:
        odds, threshold = calibration.span_odds, calibration.threshold
        return [surer(answer, odds, threshold) if isinstance(answer, SpanAnswer) else answer for answer in answers]
    shares, labels = scores.probabilities, head.label_space.labels
    if calibration.level is None or head.link != "softmax" or shares.ndim != 2 or shares.shape[1] != len(labels):
        return list(answers)
    sets = label_sets(shares.double().cpu().numpy(), calibration.level, labels, ordered=head.ordered)
    return [_with_set(answer, possible) for answer, possible in zip(answers, sets, strict=True)]


def _with_set(answer: Answer, possible: tuple[str, ...]) -> Answer:
    if not isinstance(answer, LabelAnswer):
        return answer
    own = possible if answer.label in possible else (*possible, answer.label)
    return answer.model_copy(update={"possible": own})


def scores_of(head: AnyHead, calibration: Calibration, logits: Tensor, states: States) -> Scores:
    """Return what a head decodes: logits calibrated, linked, and what is held against the threshold.

    Raises `PluginError` for a calibration of another number of outputs than the head has.
    """
    trust = None
    if calibration.score != "probability":
        if not isinstance(head, LabelClassifier):
            raise PluginError(
                f"score {calibration.score!r} is for the ready-made label head, not {type(head).__name__}"
            )
        nearness = head.nearness(states)
        rows = trust_of(
            calibration.score,
            logits.float().cpu().numpy(),
            calibration.temperature,
            None if nearness is None else nearness.cpu().numpy(),
            calibration.bias,
        )
        trust = torch.from_numpy(rows)
    bias = _an_output_each(calibration.bias, "bias", logits)
    return Scores(
        logits=logits,
        probabilities=_linked(head, logits / calibration.temperature + (0.0 if bias is None else bias)),
        threshold=calibration.threshold,
        states=states,
        trust=trust,
        temperature=calibration.temperature,
        bias=bias,
        thresholds=_an_output_each(calibration.thresholds, "thresholds", logits),
        margin=calibration.margin,
    )


def _linked(head: AnyHead, scaled: Tensor) -> Tensor:
    match head.link:
        case "softmax":
            return torch.softmax(scaled, dim=-1)
        case "sigmoid":
            return torch.sigmoid(scaled)
        case "identity":
            return scaled
    raise PluginError(f"head {type(head).__name__} has the link {head.link!r}; softmax, sigmoid or identity is allowed")


def _an_output_each(numbers: Sequence[float] | None, name: str, logits: Tensor) -> Tensor | None:
    if numbers is None:
        return None
    if len(numbers) != logits.shape[-1]:
        raise PluginError(f"the calibration holds {len(numbers)} {name} for {logits.shape[-1]} outputs of the head")
    return torch.tensor(numbers, dtype=torch.float32, device=logits.device)


def _with_features(adapter: LoadedAdapter, states: States, records: Sequence[Mapping[str, Any]]) -> States:
    schema: Any = adapter.record
    typed = [schema.model_validate(_fields(schema, record), by_alias=True, by_name=True) for record in records]
    features = {name: tensor.to(states.pooled.device) for name, tensor in adapter.head.features(typed).items()}
    return replace(states, features=features)


def _fields(schema: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    """What of a call's record is the schema's; an open one takes all but `text`, which is there for the base."""
    known = schema.model_fields
    is_open = schema.model_config.get("extra") == "allow"
    return {name: value for name, value in record.items() if name in known or (is_open and name != "text")}


def _check_logits(adapter: LoadedAdapter, logits: object, rows: int) -> None:
    if not isinstance(logits, Tensor) or logits.ndim < 2 or len(logits) != rows:
        seen = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise _bad_output(adapter, f"forward made {seen} of {rows} rows; [rows, …, outputs] is allowed")
    if not bool(torch.isfinite(logits).all()):
        raise _bad_output(adapter, "its logits are not finite")


def _bad_output(adapter: LoadedAdapter, what: str) -> PluginError:
    return PluginError(
        f"adapter {adapter.digest[:16]}… (head {adapter.head_path}): {what}; nothing is answered", code="bad_output"
    )
