"""How a base model's matrices are multiplied: fp32 as trained, int8 or bf16 where the processor is made for it.

Whatever the runtime, what comes in and goes out is fp32, a row's result does not depend on its neighbours, and what is
trained through a runtime is served by it: its name is part of a base's fingerprint.
"""

from collections.abc import Mapping
from typing import Any, Protocol, cast

import torch
from torch import Tensor
from torch.nn import functional

from podion.errors import BadSettings
from podion.settings import Runtime


class Product(Protocol):
    """One linear layer: [rows, in] -> [rows, out], both fp32."""

    def __call__(self, rows: Tensor, *, wide: bool = True) -> Tensor:
        """Return the outputs; where they need not be `wide`, they may come in what the runtime computes with.

        What one product gave another one of the same runtime takes.
        """


_STEPS = 127
"""Steps of an int8 value on each side of zero."""

_TINY = 1e-12


def check_runtime(runtime: Runtime, device: torch.device) -> None:
    """Raise `BadSettings` where the processor would only emulate `runtime`, at a fraction of fp32's speed."""
    if runtime in native_runtimes(device):
        return
    needs = {"int8": "a processor with AVX-512 VNNI", "bf16": "a processor with AMX, or a GPU"}[runtime]
    raise BadSettings(
        f"PODION_RUNTIME={runtime} needs {needs}; elsewhere it would be emulated, slower than fp32. "
        f"Fast on this {'GPU' if device.type == 'cuda' else 'processor'}: {', '.join(native_runtimes(device))}"
    )


def native_runtimes(device: torch.device) -> tuple[Runtime, ...]:
    """Return the runtimes that the device has instructions for."""
    if device.type == "cuda":
        return ("fp32", "bf16")
    has: Mapping[str, Any] = torch.cpu.get_capabilities()
    found: list[Runtime] = ["fp32"]
    if has.get("avx512_vnni"):
        found.append("int8")
    if has.get("amx_bf16"):
        found.append("bf16")
    return tuple(found)


def product(runtime: Runtime, weight: Tensor, bias: Tensor) -> Product:
    """Return the linear layer of `weight` [out, in] and `bias` [out] as the runtime computes it."""
    if runtime == "int8":
        return _Int8Product(weight, bias)
    if runtime == "bf16":
        return _Bf16Product(weight, bias)
    return _Fp32Product(weight, bias)


class _Fp32Product:
    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, rows: Tensor, *, wide: bool = True) -> Tensor:
        return functional.linear(rows, self._weight, self._bias)


class _Bf16Product:
    """Both factors rounded to bf16; sums are kept in fp32 by the processor."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self._weight, self._bias = weight.detach().bfloat16(), bias.detach().bfloat16()

    def __call__(self, rows: Tensor, *, wide: bool = True) -> Tensor:
        found = functional.linear(rows.bfloat16(), self._weight, self._bias)
        return found.float() if wide else found


class _Int8Product:
    """Weights in 8 bits with a scale an output, inputs in 8 bits with a scale a row.

    A scale for the whole batch would be cheaper, and would let one row change what another gets. Sums of integers are
    exact, so a row's result has the same bits in whatever batch it stands.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self._weight, self._bias = weight.detach(), bias.detach()
        self._scales = (self._weight.abs().amax(1) / _STEPS).clamp_min(_TINY)
        rounded = (self._weight / self._scales[:, None]).round().to(torch.int8)
        self._packed: Tensor = torch.ops.onednn.qlinear_prepack(rounded, None)
        self._zeros = torch.zeros(len(bias), dtype=torch.long)

    def __call__(self, rows: Tensor, *, wide: bool = True) -> Tensor:
        if rows.requires_grad:
            return cast(Tensor, _ThroughRounding.apply(rows, self))  # type: ignore[no-untyped-call]
        return self.compute(rows)

    def compute(self, rows: Tensor) -> Tensor:
        largest = torch.maximum(rows.amax(-1, keepdim=True), rows.amin(-1, keepdim=True).neg_())
        scales = (largest / _STEPS).clamp_min_(_TINY)
        rounded = (rows / scales).round_().to(torch.int8)
        sums: Tensor = torch.ops.onednn.qlinear_pointwise(
            rounded, 1.0, 0, self._packed, self._scales, self._zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return torch.addcmul(self._bias, sums, scales, out=sums)

    def gradient(self, gradient: Tensor) -> Tensor:
        """What the gradient of the output is at the input, as if nothing had been rounded."""
        return gradient @ self._weight


class _ThroughRounding(torch.autograd.Function):
    """Forward as it is served; backward past the rounding (the straight-through estimator, arXiv:1308.3432)."""

    @staticmethod
    def forward(context: Any, rows: Tensor, product: _Int8Product) -> Tensor:
        context.product = product
        return product.compute(rows)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return context.product.gradient(gradient), None
