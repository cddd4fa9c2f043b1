"""A base model's files as torch and tokenizers read them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
import transformers
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel, PreTrainedModel

from podion.errors import DataError
from podion.hosting.base_card import InstalledBase

ARCHITECTURES = ("bert", "roberta", "xlm-roberta")
"""Families whose layers are a list `encoder.layer` of one shape."""


def load_tokenizer(base: InstalledBase, model: PreTrainedModel) -> Tokenizer:
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


def load_model(path: Path) -> PreTrainedModel:
    """Return the model in `path`, frozen, fp32, evaluating; raises `DataError` if the weights do not fill it."""
    with _quiet():
        config = AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        if config.model_type not in ARCHITECTURES or config.is_decoder:
            raise DataError(
                f"base model {path.name} is of type {config.model_type!r}; served are encoders of the types "
                + ", ".join(ARCHITECTURES),
                code="bad_base",
            )
        model, report = AutoModel.from_pretrained(
            path,
            config=config,
            dtype=torch.float32,
            attn_implementation="sdpa",
            add_pooling_layer=False,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    if report["missing_keys"] or report["mismatched_keys"]:
        first = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))[:5]
        raise DataError(
            f"base model {path.name}: the weights do not fill it, for one {', '.join(first)}", code="bad_base"
        )
    return cast(PreTrainedModel, model.eval().requires_grad_(False))


@contextmanager
def _quiet() -> Iterator[None]:
    """Loading draws progress bars and tables on standard error, which is for our own log; problems are raised."""
    logging: Any = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
