"""Plain PEFT adapter files as typed deltas, module by module: LoRA, rsLoRA, AdaLoRA (converted), IA3. No torch.

Arrays are views on the files' own bytes wherever nothing has to be changed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from podion.hosting.adapter_files import Array, LoraFiles
from podion.hosting.peft_config import LARGEST_RANK, AdaScales, LoraScales, mixed_kind, refused, scales_input, shown

_SIDES = {"LORA": {"lora_A", "lora_B"}, "ADALORA": {"lora_A", "lora_B", "lora_E"}, "IA3": {"ia3_l"}}
_MODULE = r"base_model\.model\.(\w+(?:\.\w+)*)\."
_TENSOR_NAMES = {
    "LORA": re.compile(_MODULE + r"(lora_[AB])\.weight", re.ASCII),
    "ADALORA": re.compile(_MODULE + r"(lora_[ABE])", re.ASCII),
    "IA3": re.compile(_MODULE + r"(ia3_l)", re.ASCII),
}
_ARTICLES = {"LORA": "a LoRA", "ADALORA": "an AdaLoRA", "IA3": "an IA3"}
_LONGEST_NAME = 128
_LAYER = re.compile(r"\blayer\.(\d+)\.")


@dataclass(frozen=True)
class LowRank:
    """One matrix's delta: x -> (x @ a.T) @ b.T, `a` being [rank, in] and `b` [out, rank] with the scale in it; fp32."""

    a: Array
    b: Array

    @property
    def rank(self) -> int:
        """Columns between the two."""
        return len(self.a)

    @property
    def nbytes(self) -> int:
        """Bytes of both."""
        return self.a.nbytes + self.b.nbytes


@dataclass(frozen=True)
class Rescale:
    """One matrix's factors [n], fp32. `output`: (W x + bias) * factors; `input`: W (x * factors) + bias."""

    factors: Array
    side: Literal["input", "output"]

    @property
    def rank(self) -> int:
        """None: factors multiply, nothing is added."""
        return 0

    @property
    def nbytes(self) -> int:
        """Bytes of the factors."""
        return self.factors.nbytes


Delta = LowRank | Rescale


@dataclass(frozen=True)
class AdapterDeltas:
    """An adapter's deltas by the name of the module they belong to (`encoder.layer.0.attention.self.query`)."""

    deltas: Mapping[str, Delta]

    @cached_property
    def rank(self) -> int:
        """The largest rank of its deltas; 0 where it only rescales."""
        return max(delta.rank for delta in self.deltas.values())

    @cached_property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return sum(delta.nbytes for delta in self.deltas.values())

    @cached_property
    def lowest_layer(self) -> int:
        """The first layer of the base model that the adapter changes; 0 where a name tells none."""
        found = (_LAYER.search(name) for name in self.deltas)
        return min(int(match[1]) if match else 0 for match in found)


def read_deltas(files: LoraFiles) -> AdapterDeltas:
    """Return what an adapter's files add, equal to what PEFT computes from them.

    Raises `DataError` (code `bad_adapter`) for whatever cannot be served exactly, or is no adapter.
    """
    kind = mixed_kind(files.config)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
        modules = dict(_modules(kind, files.tensors))
        if not modules:
            raise refused("it holds no tensor")
        deltas: dict[str, Delta] = {}
        if kind == "IA3":
            deltas = {name: _rescale(files, name, sides["ia3_l"]) for name, sides in modules.items()}
        else:
            scales = LoraScales(files.config) if kind == "LORA" else AdaScales(files.config)
            found = {name: _low_rank(scales, name, sides) for name, sides in modules.items()}
            deltas = {name: delta for name, delta in found.items() if delta.rank}
    if not deltas:
        raise refused("all its ranks are pruned, so it changes nothing")
    return AdapterDeltas(deltas)


def _modules(kind: str, tensors: Mapping[str, Array]) -> Iterator[tuple[str, dict[str, Array]]]:
    """Each module's tensors by what they are, all that the method has and no other."""
    found: dict[str, dict[str, Array]] = {}
    for name, array in tensors.items():
        match = _TENSOR_NAMES[kind].fullmatch(name) if len(name) <= _LONGEST_NAME else None
        if match is None:
            raise refused(f"its tensor {shown(name)} is not part of {_ARTICLES[kind]}")
        found.setdefault(match[1], {})[match[2]] = _floats(name, array)
    needed = _SIDES[kind]
    for module, sides in found.items():
        if set(sides) != needed:
            raise refused(f"module {module} has {', '.join(sorted(sides))} instead of {' and '.join(sorted(needed))}")
        yield module, sides


def _low_rank(scales: LoraScales | AdaScales, module: str, sides: Mapping[str, Array]) -> LowRank:
    a, b, energy = sides["lora_A"], sides["lora_B"], sides.get("lora_E")
    fits = a.ndim == b.ndim == 2 and a.shape[0] == b.shape[1]
    if not fits or (energy is not None and energy.shape != (len(a), 1)):
        shapes = " and ".join(str(list(side.shape)) for _, side in sorted(sides.items()))
        raise refused(f"module {module} has shapes {shapes}, which do not fit")
    if len(a) > LARGEST_RANK:
        raise refused(f"module {module} has rank {len(a)}; {LARGEST_RANK} is the largest that is served")
    scale = scales.of(module, len(a))
    if energy is not None:
        kept = energy[:, 0] != 0
        a, b = a[kept] * energy[kept], b[:, kept]
    if scale != 1.0:
        b = b * np.float32(scale)
    return LowRank(_finite(module, a), _finite(module, b))


def _rescale(files: LoraFiles, module: str, factors: Array) -> Rescale:
    """PEFT keeps factors of the input as one row, [1, in], and factors of the output as one column, [out, 1]."""
    side: Literal["input", "output"] = "input" if scales_input(files.config, module) else "output"
    expected = (1, factors.size) if side == "input" else (factors.size, 1)
    if factors.shape != expected or not factors.size:
        raise refused(f"module {module} has factors of shape {list(factors.shape)}, which do not fit its {side}")
    return Rescale(_finite(module, factors.reshape(-1)), side)


def _floats(name: str, array: Array) -> Array:
    if array.dtype not in (np.float32, np.float16, np.float64):
        raise refused(f"its tensor {shown(name)} is of {array.dtype}; float16, float32 and float64 are served")
    return array.astype(np.float32, copy=False)


def _finite(module: str, array: Array) -> Array:
    # the sum of squares is finite only if every value is, and takes a third of the time of looking at each
    if not np.isfinite(np.vdot(array, array)) and not np.isfinite(array).all():
        raise refused(f"module {module} has values that are not finite")
    return array
