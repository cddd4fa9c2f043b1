"""Marks as other tools write them, IOB tags and inclusive ends, as a text with spans. Pure."""

from collections.abc import Mapping
from typing import Any, TypeGuard


def text_of_tokens(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `tokens` and IOB `tags` as a `text`, its tokens joined by one space, and the spans of its `label`.

    What is not two lists of strings of one length is left for the schema to refuse.
    """
    tokens, tags = values.get("tokens"), values.get("tags")
    if not (_all_text(tokens) and _all_text(tags)) or len(tokens) != len(tags) or not tokens:
        return dict(values)
    text, spans = "", list[dict[str, Any]]()
    before = "O"
    for token, tag in zip(tokens, tags, strict=True):
        start = len(text) + bool(text)
        text = f"{text} {token}" if text else token
        mark, _, name = tag.partition("-")
        if name and mark == "I" and spans and before.partition("-")[2] == name:
            spans[-1]["end"] = len(text)
        elif name and token:
            spans.append({"start": start, "end": len(text), "label": name})
        before = tag
    rest = {name: value for name, value in values.items() if name not in ("tokens", "tags")}
    return {**rest, "text": text, "label": spans}


def entities_as_spans(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `entities` as the spans of `label`; what is no list of marks is left for the schema to refuse.

    Raises `ValueError` for a mark whose own `entity` is not what the text has there: then its end is counted otherwise
    than its fields' names say.
    """
    marks = values.get("entities")
    if not isinstance(marks, list | tuple) or values.get("label") is not None:
        return dict(values)
    spans = [_span(mark) for mark in marks]
    for mark, span in zip(marks, spans, strict=True):
        _check_quote(mark, span, values.get("text"))
    if not all(spans):
        return dict(values)
    rest = {name: value for name, value in values.items() if name != "entities"}
    return {**rest, "label": spans}


def _all_text(values: Any) -> TypeGuard[list[str]]:
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)


def _span(mark: Any) -> dict[str, Any]:
    """Return a mark as start, end (exclusive) and label; empty where it is none."""
    if not isinstance(mark, Mapping):
        return {}
    label = mark.get("label", mark.get("type"))
    if isinstance(mark.get("start_idx"), int) and isinstance(mark.get("end_idx"), int):
        return {"start": mark["start_idx"], "end": mark["end_idx"] + 1, "label": label}
    if isinstance(mark.get("start"), int) and isinstance(mark.get("end"), int):
        return {"start": mark["start"], "end": mark["end"], "label": label}
    return {}


def _check_quote(mark: Any, span: Mapping[str, Any], text: Any) -> None:
    quote = mark.get("entity") if isinstance(mark, Mapping) else None
    if not (span and isinstance(quote, str) and isinstance(text, str)):
        return
    if text[span["start"] : span["end"]] != quote:
        raise ValueError(
            f"an entity's own words are not those of the text from {span['start']} to {span['end']}: `end` counts the"
            " first character after an entity, `end_idx` its last"
        )
