"""The layers of a base model on packed rows: every linear layer by the runtime, attention within each row alone."""

from collections.abc import Sequence
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from podion.hosting.attention import attend
from podion.hosting.bert import Activation, Bert
from podion.hosting.runtimes import Product, product
from podion.hosting.token_rows import PackedRows
from podion.settings import Runtime

LAYERS = "encoder.layer"


class Changes(Protocol):
    """What adapters change at the linear layers of a pass, by their names; rows without an adapter are left alone."""

    def touch(self, names: Sequence[str]) -> bool:
        """Say whether any of the layers `names` is changed."""

    def before(self, name: str, hidden: Tensor) -> Tensor:
        """Return what the layer reads, [tokens, in]."""

    def after(self, names: Sequence[str], hidden: Tensor, outputs: Sequence[Tensor]) -> None:
        """Change in place what layers with one input made of it; `outputs[i]` is [tokens, out] of layer `names[i]`."""


class BaseLinear(nn.Linear):
    """A linear layer of a base model as its runtime computes it.

    PEFT wraps it as it wraps a plain one, so that training on the same weights stays possible.
    """

    def __init__(self, plain: nn.Linear, runtime: Runtime) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = plain.in_features, plain.out_features
        self.weight, self.bias = plain.weight, plain.bias
        self._runtime: Runtime = runtime
        self._product: Product | None = None

    def forward(self, input: Tensor, *, wide: bool = True) -> Tensor:
        """Return [tokens, out] for [tokens, in], in fp32 unless it need not be `wide`: see `runtimes.Product`."""
        if self._product is None:
            self._product = product(self._runtime, self.weight, self.bias)
        return self._product(input, wide=wide)


class Backbone:
    """The embeddings and layers of one model, whose linear layers become `BaseLinear`s, by name in `linears`."""

    def __init__(self, model: Bert, runtime: Runtime) -> None:
        self._model = model
        self.linears = _with_runtime(model, runtime)
        heads: int = model.config.num_attention_heads
        layers = cast(nn.ModuleList, model.get_submodule(LAYERS))
        self._layers = [_Layer(layer, f"{LAYERS}.{place}", heads, runtime) for place, layer in enumerate(layers)]
        # RoBERTa's family counts positions from behind its padding token
        self._first = 0 if model.config.model_type == "bert" else int(model.config.pad_token_id) + 1

    def __len__(self) -> int:
        return len(self._layers)

    def embed(self, rows: PackedRows) -> Tensor:
        """Return what the first layer reads, [tokens, hidden]."""
        embeddings: Any = self._model.embeddings
        hidden: Tensor = embeddings.word_embeddings(rows.ids)
        hidden = hidden + embeddings.token_type_embeddings.weight[0]
        hidden = hidden + embeddings.position_embeddings(rows.positions + self._first)
        return cast(Tensor, embeddings.LayerNorm(hidden))

    def through(
        self, hidden: Tensor, rows: PackedRows, start: int, until: int, changes: Changes | None = None
    ) -> Tensor:
        """Return what the layers from `start` up to `until` make of `hidden` [tokens, hidden].

        Layers that PEFT has wrapped work and carry gradients; `changes` are applied in place and carry none.
        """
        for layer in self._layers[start:until]:
            hidden = layer(hidden, rows, changes)
        return hidden


class _Layer:
    """One layer: attention and the two linear layers behind it, each with its residual and norm."""

    def __init__(self, layer: nn.Module, name: str, heads: int, runtime: Runtime) -> None:
        parts: Any = layer
        self._attention: Any = parts.attention.self
        self._joined: Any = parts.attention.output
        self._grown: Any = parts.intermediate
        self._output: Any = parts.output
        self._activate: Activation = parts.activate
        self._heads = heads
        own = f"{name}.attention.self."
        self._queries = (f"{own}query", f"{own}key", f"{own}value")
        self._joins, self._grows, self._ends = (
            f"{name}.attention.output.dense", f"{name}.intermediate.dense", f"{name}.output.dense"
        )  # fmt: skip
        self._joint = _JointLinear((self._attention.query, self._attention.key, self._attention.value), runtime)

    def __call__(self, hidden: Tensor, rows: PackedRows, changes: Changes | None) -> Tensor:
        attended = attend(self._project(hidden, changes), rows, self._heads)
        joined = _apply(self._joins, self._joined.dense, attended, changes)
        hidden = self._joined.LayerNorm(joined + hidden)
        return cast(Tensor, self._output.LayerNorm(self._feed(hidden, changes) + hidden))

    def _feed(self, hidden: Tensor, changes: Changes | None) -> Tensor:
        """The two linear layers behind attention; between them nothing need be wide where nobody changes either."""
        grows, ends, activate = self._grown.dense, self._output.dense, self._activate
        wrapped = not (type(grows) is type(ends) is BaseLinear)  # by PEFT, which computes in fp32
        if wrapped or (changes is not None and changes.touch((self._grows, self._ends))):
            grown = activate(_apply(self._grows, grows, hidden, changes))
            return _apply(self._ends, ends, grown, changes)
        return cast(Tensor, ends(activate(grows(hidden, wide=False))))

    def _project(self, hidden: Tensor, changes: Changes | None) -> tuple[Tensor, ...]:
        """Queries, keys and values, out of one product unless PEFT has wrapped one of the three."""
        attention = self._attention
        layers = (attention.query, attention.key, attention.value)
        if not all(type(layer) is BaseLinear for layer in layers):
            return tuple(layer(hidden) for layer in layers)
        outputs = self._joint(hidden)
        if changes is not None:
            changes.after(self._queries, hidden, outputs)
        return outputs


class _JointLinear:
    """Linear layers on one input as one product; their weights become views of its own, so that none is kept twice."""

    def __init__(self, layers: Sequence[BaseLinear], runtime: Runtime) -> None:
        weight = torch.cat([layer.weight for layer in layers]).detach()
        bias = torch.cat([layer.bias for layer in layers]).detach()
        self._sizes = [layer.out_features for layer in layers]
        for layer, own, shift in zip(
            layers, torch.split(weight, self._sizes), torch.split(bias, self._sizes), strict=True
        ):
            layer.weight.data, layer.bias.data = own, shift
        self._product = product(runtime, weight, bias)

    def __call__(self, hidden: Tensor) -> tuple[Tensor, ...]:
        return torch.split(self._product(hidden), self._sizes, dim=-1)


def _apply(name: str, layer: nn.Module, hidden: Tensor, changes: Changes | None) -> Tensor:
    if changes is None:
        return cast(Tensor, layer(hidden))
    hidden = changes.before(name, hidden)
    output: Tensor = layer(hidden)
    changes.after((name,), hidden, (output,))
    return output


def _with_runtime(model: Bert, runtime: Runtime) -> dict[str, BaseLinear]:
    """Put a `BaseLinear` in the place of every linear layer of the model's layers, and return them by name."""
    plain = {name: module for name, module in model.named_modules() if type(module) is nn.Linear}
    linears = {name: BaseLinear(part, runtime) for name, part in plain.items() if name.startswith(f"{LAYERS}.")}
    for name, linear in linears.items():
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, linear)
    return linears
