"""AdaLoRA: low-rank adapters whose ranks go, step by step, to the matrices that use them.

Zhang et al., Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning (ICLR 2023), as `peft` computes it: each
delta is B diag(E) A, what matters least has its E set to 0, and A and B are held near orthogonal.
"""

from collections.abc import Mapping
from typing import Any, cast

import torch
from peft import AdaLoraConfig, AdaLoraModel
from torch import Tensor, nn

from podion.errors import DataError
from podion.hosting.adapter_files import Array

_ENERGY = ".lora_E"


class RankAllocation:
    """Who gets which ranks during one training; `step` counts the optimiser's steps from 1.

    After a first share of all steps, ranks are taken away every so many steps until the budget is met, and for the last
    share the ranks stay.
    """

    def __init__(self, tuner: AdaLoraModel, config: AdaLoraConfig, name: str, shares: tuple[float, float]) -> None:
        self._tuner, self._config, self._name, self._shares = tuner, config, f".{name}", shares
        named = dict(cast(nn.Module, tuner.model).named_parameters())
        self._parameters = {key: parameter for key, parameter in named.items() if ".lora_" in key}

    def plan(self, steps: int) -> None:
        """Lay the schedule over so many steps."""
        first, last = self._shares
        self._config.total_step = steps
        self._config.tinit = round(steps * first)
        self._config.tfinal = round(steps * last)
        self._config.deltaT = max(1, steps // 100)

    def stepped(self, step: int) -> None:
        """Note how much each rank mattered, and take away what the budget no longer has; gradients must be there."""
        for parameter in self._parameters.values():
            if parameter.grad is None:  # no record of the batch said anything
                parameter.grad = torch.zeros_like(parameter)
        self._tuner.update_and_allocate(step)  # type: ignore[no-untyped-call]

    def settled(self, step: int) -> bool:
        """Return whether the ranks stay from here on."""
        return step >= int(self._config.total_step or 0) - self._config.tfinal

    def penalty(self) -> Tensor:
        """Return how far A and B are from orthogonal, to be added to the loss."""
        gaps = [_gap(key, matrix) for key, matrix in self._parameters.items() if _ENERGY not in key]
        return self._config.orth_reg_weight * torch.stack(gaps).mean()

    def kept(self) -> dict[str, list[bool]]:
        """Return which ranks each module keeps, by the module's name.

        Raises `DataError` (code `nothing_allocated`) when none was taken away, or all were: that is no AdaLoRA.
        """
        pattern = self._config.rank_pattern or {}
        kept = {key.removesuffix(_ENERGY + self._name): [bool(one) for one in ranks] for key, ranks in pattern.items()}
        ranks = [one for each in kept.values() for one in each]
        if all(ranks) or not any(ranks):
            raise DataError(
                f"adalora gave no ranks: {sum(ranks)} of {len(ranks)} are kept; send more records, or use lora",
                code="nothing_allocated",
            )
        return kept

    def files(self, tensors: Mapping[str, Array]) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the rank pattern as PEFT's configuration has it, and the matrices without what was taken away."""
        kept = self.kept()
        cut: dict[str, Array] = {}
        for key, array in tensors.items():
            module, _, side = key.rpartition(".")
            ranks = kept[module]
            cut[key] = array[:, ranks] if side == "lora_B" else array[ranks]
        return {module + _ENERGY: ranks for module, ranks in kept.items()}, cut

    def tensors(self) -> dict[str, Tensor]:
        """Return what a later step depends on beside the matrices, for a checkpoint."""
        allocator = self._tuner.rankallocator
        found = {f"importance.{key}": tensor for key, tensor in allocator.exp_avg_ipt.items()}
        found |= {f"uncertainty.{key}": tensor for key, tensor in allocator.exp_avg_unc.items()}
        pattern = self._config.rank_pattern or {}
        return found | {f"kept.{key}": torch.tensor(ranks) for key, ranks in pattern.items()}

    def put(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` returned."""
        allocator = self._tuner.rankallocator
        allocator.reset_ipt()  # type: ignore[no-untyped-call]
        for key, parameter in self._parameters.items():
            if f"importance.{key}" in tensors:
                allocator.ipt[key] = torch.zeros_like(parameter)
                allocator.exp_avg_ipt[key] = tensors[f"importance.{key}"].clone().to(parameter.device)
                allocator.exp_avg_unc[key] = tensors[f"uncertainty.{key}"].clone().to(parameter.device)
        kept = {key: tensors[f"kept.{key}"].tolist() for key in self._parameters if f"kept.{key}" in tensors}
        self._config.rank_pattern = kept or None


def _gap(key: str, matrix: Tensor) -> Tensor:
    """The Frobenius norm of what A Aᵀ (or Bᵀ B) is off the identity."""
    square = matrix @ matrix.T if ".lora_A" in key else matrix.T @ matrix
    off: Tensor = square - torch.eye(len(square), device=square.device)
    return off.square().sum().sqrt()
