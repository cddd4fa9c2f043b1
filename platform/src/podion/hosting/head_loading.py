"""Builds a head from what an adapter's files say of it."""

import json
from collections.abc import Mapping
from importlib import import_module
from inspect import signature
from typing import Any

import torch
from pydantic import BaseModel

from podion.errors import PluginError
from podion.head_kinds import READY_MADE
from podion.hosting.adapter_files import Array, HeadFile
from podion.hosting.resolve import resolve_head
from podion.nn import Head, LabelSpace

AnyHead = Head[Any, Any]


def new_head(file: HeadFile) -> AnyHead:
    """Return a fresh head of the implementation and labels that `file` names; raises `PluginError` when it cannot."""
    try:
        found = resolve_head(file.implementation)
    except PluginError:
        raise
    except Exception as error:  # a plugin's module may fail in any way while it is imported
        raise PluginError(f"head {file.implementation} does not load: {type(error).__name__}: {error}") from error
    space = LabelSpace(tuple(file.labels), file.label_field, dict(file.descriptions))
    try:
        return found(file.hidden_size, space, **file.options)
    except Exception as error:
        raise PluginError(
            f"head {file.implementation} cannot be built for {len(space)} labels: {type(error).__name__}: {error}"
        ) from error


def load_head(file: HeadFile, tensors: Mapping[str, Array], device: torch.device) -> AnyHead:
    """Return the head with its saved state, in evaluation mode on `device`; the state must fit it exactly."""
    head = new_head(file)
    state = {name: torch.from_numpy(array) for name, array in tensors.items()}
    try:
        head.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise PluginError(
            f"head {file.implementation} does not take its saved state: {error}. Was the plugin changed since?"
        ) from error
    return head.eval().requires_grad_(False).to(device)


def first_options(file: HeadFile, cut: int) -> dict[str, Any]:
    """Return what a head is built with before it learned anything: a ready-made one that can, reads the layer `cut`."""
    if file.implementation not in READY_MADE:
        return {}
    return {"cut": cut} if "cut" in signature(resolve_head(file.implementation)).parameters else {}


def head_options(head: AnyHead) -> dict[str, Any]:
    """Return a fitted head's options as they will be read again; raises `PluginError` where JSON cannot hold them."""
    try:
        found = json.loads(json.dumps(head.options(), sort_keys=True, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise PluginError(
            f"head {type(head).__name__}: options() returned what JSON cannot hold ({error}); texts, finite numbers, "
            "true, false, null, and lists and objects of them by text are allowed"
        ) from error
    if not isinstance(found, dict):
        raise PluginError(f"head {type(head).__name__}: options() returned no mapping of keywords")
    return found


def head_tensors(head: AnyHead) -> dict[str, Array]:
    """Return the head's state as arrays, ready for `AdapterParts.head_tensors`."""
    return {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in head.state_dict().items()}


def reads_features(head: AnyHead) -> bool:
    """True when the head makes features of the records, so that texts alone do not do."""
    return type(head).features is not Head.features


def record_type(file: HeadFile) -> type[BaseModel]:
    """Return the pydantic model of the task's records; raises `PluginError` when the path leads to something else."""
    module, _, name = file.record.partition(":")
    try:
        found = getattr(import_module(module), name)
    except Exception as error:  # as above
        raise PluginError(f"record {file.record!r} does not load: {type(error).__name__}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise PluginError(f"record {file.record!r} is no pydantic model")
    return found
