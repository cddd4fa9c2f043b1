"""Low-rank adapters beside the base model's own matrices: read from plain PEFT files, applied row by row.

A batch may mix rows of any number of adapters with rows that have none; rows without one cost nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from podion.errors import DataError
from podion.hosting.adapter_files import LoraFiles

_TENSOR_NAME = re.compile(r"base_model\.model\.(?P<module>.+)\.(?P<side>lora_[AB])\.weight")
_LAYER = re.compile(r"\blayer\.(\d+)\.")
_NOT_SERVED = {
    "use_dora": "DoRA",
    "modules_to_save": "modules saved whole",
    "trainable_token_indices": "trainable tokens",
    "alpha_pattern": "an alpha per module",
    "layer_replication": "replicated layers",
    "lora_bias": "a bias in LoRA",
    "fan_in_fan_out": "transposed matrices",
}


@dataclass(frozen=True)
class LowRank:
    """One matrix's delta: x -> (x @ a.T) @ b.T, `a` being [rank, in] and `b` [out, rank] with the scale in it."""

    a: Tensor
    b: Tensor


@dataclass(frozen=True)
class LoraTensors:
    """An adapter's deltas by the name of the module they belong to (`encoder.layer.0.attention.self.query`)."""

    deltas: Mapping[str, LowRank]

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the adapter takes."""
        return sum(tensor.nbytes for delta in self.deltas.values() for tensor in (delta.a, delta.b))

    @cached_property
    def lowest_layer(self) -> int:
        """The first layer of the base model that the adapter changes; 0 where a name tells none."""
        found = (_LAYER.search(name) for name in self.deltas)
        return min(int(match[1]) if match else 0 for match in found)

    @classmethod
    def from_files(cls, files: LoraFiles, device: torch.device | None = None) -> "LoraTensors":
        """Return the tensors of LoRA or rsLoRA files, fp32; raises `DataError` for what cannot be served exactly."""
        scale = _scale(files.config)
        sides = _sides(files)
        deltas = {}
        for module, pair in sides.items():
            if set(pair) != {"lora_A", "lora_B"}:
                raise _refused(f"module {module} has {', '.join(sorted(pair))} instead of lora_A and lora_B")
            a, b = pair["lora_A"], pair["lora_B"]
            if a.ndim != 2 or b.ndim != 2 or a.shape[0] != b.shape[1]:
                raise _refused(f"module {module} has shapes {list(a.shape)} and {list(b.shape)}, which do not fit")
            if not files.config.get("rank_pattern") and a.shape[0] != files.config["r"]:
                raise _refused(f"module {module} has rank {a.shape[0]}, the configuration says {files.config['r']}")
            deltas[module] = LowRank(a.to(device), (b * scale(a.shape[0])).to(device))
        if not deltas:
            raise _refused("it holds no tensor")
        return cls(deltas)


class LowRankSlot:
    """Where an encoder keeps what the adapters of the batch in hand add; read by its `AdaptedLinear` layers.

    One encoder computes in one thread, so one slot an encoder is enough and nothing is global.
    """

    def __init__(self) -> None:
        self.deltas: Mapping[str, RowDelta] = {}

    @contextmanager
    def holding(self, deltas: "Mapping[str, RowDelta]") -> Iterator[None]:
        """Apply `deltas` to every batch computed inside the `with` block."""
        self.deltas = deltas
        try:
            yield
        finally:
            self.deltas = {}


@dataclass(frozen=True)
class RowDelta:
    """One module's deltas for a batch: `a` [k, rank, in] and `b` [k, out, rank] of the k `rows` that have one."""

    rows: Tensor
    a: Tensor
    b: Tensor

    def add_to(self, output: Tensor, hidden: Tensor) -> Tensor:
        """Return `output` [rows, length, out] with the delta of `hidden` [rows, length, in] added to its rows."""
        if len(self.rows) == len(output):
            low = torch.bmm(hidden, self.a.transpose(1, 2))
            return torch.baddbmm(output, low, self.b.transpose(1, 2))
        low = torch.bmm(hidden[self.rows], self.a.transpose(1, 2))
        return output.index_add(0, self.rows, torch.bmm(low, self.b.transpose(1, 2)))


class AdaptedLinear(nn.Linear):
    """A linear layer of the base model that adds each row's own low-rank delta; without adapters it is `nn.Linear`."""

    def __init__(self, plain: nn.Linear, name: str, slot: LowRankSlot) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = plain.in_features, plain.out_features
        self.weight, self.bias = plain.weight, plain.bias
        self._name, self._slot = name, slot

    def forward(self, input: Tensor) -> Tensor:
        """Return [rows, length, out] for [rows, length, in]."""
        output = functional.linear(input, self.weight, self.bias)
        delta = self._slot.deltas.get(self._name)
        return output if delta is None else delta.add_to(output, input)


def adapt_linears(root: nn.Module, slot: LowRankSlot, under: str) -> dict[str, AdaptedLinear]:
    """Replace every linear layer whose name starts with `under` by an adapted one on the same weights, by name.

    PEFT wraps the new layers as it wraps plain ones, so training on the same encoder stays possible.
    """
    plain = {name: module for name, module in root.named_modules() if type(module) is nn.Linear}
    adapted = {name: AdaptedLinear(module, name, slot) for name, module in plain.items() if name.startswith(under)}
    for name, module in adapted.items():
        parent, _, child = name.rpartition(".")
        setattr(root.get_submodule(parent), child, module)
    return adapted


def plan_rows(adapters: Sequence[LoraTensors | None], device: torch.device) -> dict[str, RowDelta]:
    """Return, by module, the stacked deltas of a batch whose row i has `adapters[i]`; smaller ranks are padded by 0."""
    plan: dict[str, RowDelta] = {}
    for module in sorted({module for adapter in adapters if adapter for module in adapter.deltas}):
        found = [(row, adapter.deltas.get(module)) for row, adapter in enumerate(adapters) if adapter]
        pairs = [(row, delta) for row, delta in found if delta is not None]
        rank = max(delta.a.shape[0] for _, delta in pairs)
        plan[module] = RowDelta(
            rows=torch.tensor([row for row, _ in pairs], device=device),
            a=torch.stack([functional.pad(delta.a, (0, 0, 0, rank - delta.a.shape[0])) for _, delta in pairs]),
            b=torch.stack([functional.pad(delta.b, (0, rank - delta.b.shape[1])) for _, delta in pairs]),
        )
    return plan


def check_fit(adapter: LoraTensors, modules: Mapping[str, nn.Linear]) -> None:
    """Raise `DataError` unless every delta belongs to one of `modules` and has its sizes."""
    for name, delta in adapter.deltas.items():
        module = modules.get(name)
        if module is None:
            raise _refused(f"the base model has no linear layer {name} that takes an adapter")
        seen = (delta.a.shape[1], delta.b.shape[0])
        if seen != (module.in_features, module.out_features):
            raise _refused(
                f"module {name} maps {seen[0]} to {seen[1]}, the base {module.in_features} to {module.out_features}"
            )


class _Scale:
    def __init__(self, alpha: float, rank_stabilised: bool) -> None:
        self._alpha, self._power = alpha, 0.5 if rank_stabilised else 1.0

    def __call__(self, rank: int) -> float:
        return float(self._alpha / rank**self._power)


def _scale(config: Mapping[str, Any]) -> _Scale:
    if config.get("peft_type") != "LORA":
        raise _refused(f"its peft_type is {config.get('peft_type')!r}; LORA is served")
    for name, words in _NOT_SERVED.items():
        if config.get(name):
            raise _refused(f"it uses {words} ({name}), which is not served")
    if config.get("bias", "none") != "none":
        raise _refused(f"it trains biases (bias={config['bias']!r}); only 'none' is served")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, int | float):
        raise _refused(f"r={rank!r} and lora_alpha={alpha!r} are not numbers that scale")
    return _Scale(float(alpha), bool(config.get("use_rslora")))


def _sides(files: LoraFiles) -> dict[str, dict[str, Tensor]]:
    sides: dict[str, dict[str, Tensor]] = {}
    for name, array in files.tensors.items():
        match = _TENSOR_NAME.fullmatch(name)
        if match is None:
            raise _refused(f"its tensor {name} is not part of a LoRA")
        sides.setdefault(match["module"], {})[match["side"]] = torch.from_numpy(array).float()
    return sides


def _refused(what: str) -> DataError:
    return DataError(f"LoRA adapter refused: {what}", code="bad_adapter")
