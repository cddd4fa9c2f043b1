"""The family of encoders that is served: BERT's layers as torch modules, by the names of published weights.

Devlin et al., BERT (NAACL 2019), and RoBERTa's family, which shares its layers. The modules hold weights and their
names, which PEFT wraps and adapters are saved by; what they compute is `podion.hosting.backbone`'s. Importing the
library that publishes these models takes longer than all else a process of ours does before it can work.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from torch import Tensor, nn
from torch.nn import functional

Family = Literal["bert", "roberta", "xlm-roberta"]
"""Values of `model_type` whose layers are a list `encoder.layer` of one shape."""

Activation = Callable[[Tensor], Tensor]
_ACTIVATIONS: Mapping[str, Activation] = {
    "gelu": functional.gelu,
    "gelu_new": partial(functional.gelu, approximate="tanh"),
    "gelu_pytorch_tanh": partial(functional.gelu, approximate="tanh"),
    "relu": functional.relu,
    "silu": functional.silu,
    "swish": functional.silu,
}


class BertConfig(BaseModel):
    """What `config.json` says of such an encoder; other fields do not change what it computes."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    model_type: Family
    vocab_size: int = Field(ge=1)
    hidden_size: int = Field(ge=1)
    num_hidden_layers: int = Field(ge=1)
    num_attention_heads: int = Field(ge=1)
    intermediate_size: int = Field(ge=1)
    max_position_embeddings: int = Field(ge=1)
    type_vocab_size: int = Field(default=2, ge=1)
    hidden_act: str = "gelu"
    layer_norm_eps: float = Field(default=1e-12, gt=0)
    pad_token_id: int = Field(default_factory=lambda told: 0 if told.get("model_type") == "bert" else 1, ge=0)
    is_decoder: Literal[False] = False
    position_embedding_type: Literal["absolute"] = "absolute"

    @field_validator("hidden_act")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in _ACTIVATIONS:
            raise ValueError(f"one of {', '.join(_ACTIVATIONS)} is served")
        return name

    @field_validator("num_attention_heads")
    @classmethod
    def _share(cls, heads: int, told: ValidationInfo) -> int:
        if told.data.get("hidden_size", 0) % heads:
            raise ValueError(f"{told.data['hidden_size']} of hidden_size are not shared evenly by {heads}")
        return heads


class Bert(nn.Module):
    """An encoder of a config: `embeddings`, and `encoder.layer`, a list; its weights are whatever memory held."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = _Embeddings(config)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList([_Layer(config) for _ in range(config.num_hidden_layers)])


class _Embeddings(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.word_embeddings = _embedding(config.vocab_size, config)
        self.position_embeddings = _embedding(config.max_position_embeddings, config)
        self.token_type_embeddings = _embedding(config.type_vocab_size, config)
        self.LayerNorm = _norm(config)


class _Layer(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width, grown = config.hidden_size, config.intermediate_size
        self.attention = nn.Module()
        self.attention.self = nn.ModuleDict({name: nn.Linear(width, width) for name in ("query", "key", "value")})
        self.attention.output = _Output(config, width)
        self.intermediate = nn.Module()
        self.intermediate.dense = nn.Linear(width, grown)
        self.output = _Output(config, grown)
        self.activate = _ACTIVATIONS[config.hidden_act]


class _Output(nn.Module):
    """A linear layer and the norm behind its residual."""

    def __init__(self, config: BertConfig, read: int) -> None:
        super().__init__()
        self.dense = nn.Linear(read, config.hidden_size)
        self.LayerNorm = _norm(config)


def _norm(config: BertConfig) -> nn.LayerNorm:
    return nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)


def _embedding(rows: int, config: BertConfig) -> nn.Embedding:
    # drawing weights, which loading replaces at once, brings torch's compilers in where there is no memory behind them
    return nn.Embedding(rows, config.hidden_size, _weight=torch.empty(rows, config.hidden_size))
