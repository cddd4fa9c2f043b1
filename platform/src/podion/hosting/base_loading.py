"""A base model's files as torch and tokenizers read them."""

import re
from pathlib import Path
from typing import get_args

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from podion.errors import DataError
from podion.hosting.base_card import InstalledBase, read_config
from podion.hosting.bert import Bert, BertConfig, Family

_OWN_NAME = re.compile(r"(?:^|\.)((?:embeddings|encoder\.layer)\..+)$")
_FORMER = {".gamma": ".weight", ".beta": ".bias"}
"""What norms' weights were called before 2020, and are in files of that time."""


def load_tokenizer(base: InstalledBase, model: Bert) -> Tokenizer:
    """Return the base's tokenizer, cutting texts at its `max_tokens`; raises `DataError` where it does not belong."""
    try:
        tokenizer = Tokenizer.from_file(str(base.path / "tokenizer.json"))
    except Exception as error:  # the library raises plain Exception for a malformed file
        raise DataError(f"base model {base.name}: tokenizer.json cannot be read: {error}", code="bad_base") from error
    if tokenizer.get_vocab_size() > model.config.vocab_size:
        raise DataError(
            f"base model {base.name}: the tokenizer knows {tokenizer.get_vocab_size()} tokens, the weights "
            f"{model.config.vocab_size}; they do not belong together",
            code="bad_base",
        )
    tokenizer.no_padding()
    tokenizer.enable_truncation(base.max_tokens)
    return tokenizer


def load_model(path: Path) -> Bert:
    """Return the model in `path`, frozen, fp32, evaluating; raises `DataError` if the weights do not fill it."""
    with torch.device("meta"):
        model = Bert(_config(path))
    tensors, wanted = _tensors(path), model.state_dict()
    missing = [name for name, like in wanted.items() if name not in tensors or tensors[name].shape != like.shape]
    if missing:
        raise DataError(
            f"base model {path.name}: the weights do not fill it, for one {', '.join(sorted(missing)[:5])}",
            code="bad_base",
        )
    model.load_state_dict({name: tensors[name].to(torch.float32) for name in wanted}, assign=True)
    return model.eval().requires_grad_(False)


def _config(path: Path) -> BertConfig:
    told = read_config(path)
    try:
        return BertConfig.model_validate(told)
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        if field == "model_type":
            why = f"is of type {told.get(field)!r}; served are encoders of the types {', '.join(get_args(Family))}"
        else:
            why = f"cannot be served: config.json has {field} = {told.get(field)!r}: {error.errors()[0]['msg']}"
        raise DataError(f"base model {path.name} {why}", code="bad_base") from error


def _tensors(path: Path) -> dict[str, Tensor]:
    """Return the weights of embeddings and layers by their names within the encoder; a model around it may be there."""
    try:
        kept = load_file(path / "model.safetensors")
    except (OSError, SafetensorError) as error:
        raise DataError(f"base model {path.name}: its weights cannot be read: {error}", code="bad_base") from error
    found: dict[str, Tensor] = {}
    for name, tensor in kept.items():
        if own := _OWN_NAME.search(name):
            stem, dot, last = own[1].rpartition(".")
            found[stem + _FORMER.get(dot + last, dot + last)] = tensor
    return found
