"""Adapters of the base model's matrices put in for training by `peft`, and taken out again: LoRA, AdaLoRA, IA3."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, cast

import torch
from peft import AdaLoraConfig, AdaLoraModel, IA3Config, LoraConfig, PeftConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from podion.errors import DataError
from podion.finetuning.adalora import RankAllocation
from podion.finetuning.recipe import Recipe
from podion.hosting.adapter_files import LoraFiles
from podion.hosting.encoder import Encoder
from podion.vertical import Method

_ADAPTER = "default"
_PREFIX = "base_model.model."
_KINDS = (".lora_", ".ia3_")
_RESCALED = ("attention.self.key", "attention.self.value", "output.dense")
_RESCALED_INPUT = "output.dense"


class LoraInTraining:
    """The adapter inside a base model's upper layers; `allocation` gives AdaLoRA its ranks and is None for others."""

    def __init__(
        self, layers: dict[str, BaseTunerLayer], config: PeftConfig, allocation: RankAllocation | None = None
    ) -> None:
        self._layers, self._config = layers, config
        self.allocation = allocation

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """The adapter's tensors by PEFT's names, in a fixed order."""
        return {
            name.replace(f".{_ADAPTER}", ""): parameter
            for module, layer in sorted(self._layers.items())
            for name, parameter in sorted(_named(module, layer))
        }

    def training(self, on: bool) -> None:
        """Switch the adapter's dropout on or off; the base model's own stays off."""
        for layer in self._layers.values():
            dropout = getattr(layer, "lora_dropout", None)
            if dropout is not None:
                dropout.train(on)

    def files(self) -> LoraFiles:
        """Return the adapter as plain PEFT files: what `PeftModel.save_pretrained` would write."""
        tensors = {name: parameter.detach().cpu().numpy().copy() for name, parameter in self.parameters.items()}
        config = _plain(cast(Callable[[], dict[str, Any]], self._config.to_dict)())
        if self.allocation is not None:
            config["rank_pattern"], tensors = self.allocation.files(tensors)
        return LoraFiles(config=config, tensors={f"{_PREFIX}{name}": tensor for name, tensor in tensors.items()})

    def put(self, files: LoraFiles) -> None:
        """Take over the tensors of plain PEFT files of the same modules and ranks."""
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(torch.from_numpy(files.tensors[f"{_PREFIX}{name}"]))


@contextmanager
def lora_in(encoder: Encoder, recipe: Recipe, cut: int, seed: int) -> Iterator[LoraInTraining]:
    """Put a fresh adapter into the layers from `cut` on; the base model is as before when the block ends.

    The recipe's method says of which kind. Raises `DataError` where the base has no layer above the cut.
    """
    if cut >= encoder.layers:
        raise DataError(
            f"base {encoder.base.name} has {encoder.layers} layers, all of them frozen: use the method head"
        )
    config = _config(recipe, encoder, cut)
    allocation = None
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if isinstance(config, AdaLoraConfig):
            tuner = AdaLoraModel(encoder.model, config, _ADAPTER)  # type: ignore[no-untyped-call]
            allocation = RankAllocation(tuner, config, _ADAPTER, (recipe.first_share, recipe.last_share))
        else:
            inject_adapter_in_model(config, encoder.model, adapter_name=_ADAPTER)
    layers = {name: module for name, module in encoder.model.named_modules() if isinstance(module, BaseTunerLayer)}
    adapter = LoraInTraining(layers, config, allocation)
    adapter.training(False)
    try:
        yield adapter
    finally:
        _take_out(encoder.model, layers)


def _config(recipe: Recipe, encoder: Encoder, cut: int) -> PeftConfig:
    above = range(cut, encoder.layers)
    if recipe.method is Method.IA3:
        return IA3Config(
            target_modules=[f"layer.{layer}.{name}" for layer in above for name in _RESCALED],
            feedforward_modules=[f"layer.{layer}.{_RESCALED_INPUT}" for layer in above],
            base_model_name_or_path=encoder.base.name,
        )
    shared: dict[str, Any] = {
        "lora_alpha": recipe.alpha,
        "lora_dropout": recipe.lora_dropout,
        "target_modules": list(recipe.targets),
        "layers_to_transform": list(above),
        "base_model_name_or_path": encoder.base.name,
        "inference_mode": False,
    }
    if recipe.method is Method.ADALORA:
        return AdaLoraConfig(
            init_r=recipe.start_rank,
            target_r=recipe.rank,
            orth_reg_weight=recipe.orthogonal,
            total_step=1_000,  # the number of steps is known once the records are read: `RankAllocation.plan`
            **shared,
        )
    return LoraConfig(r=recipe.rank, **shared)


def _named(module: str, layer: BaseTunerLayer) -> list[tuple[str, nn.Parameter]]:
    return [
        (f"{module}.{name}", parameter)
        for name, parameter in cast(nn.Module, layer).named_parameters()
        if any(kind in f".{name}" for kind in _KINDS)
    ]


def _take_out(model: Any, layers: dict[str, BaseTunerLayer]) -> None:
    for name, layer in layers.items():
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, layer.get_base_layer())
    if hasattr(model, "peft_config"):
        del model.peft_config


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """The configuration as JSON, in one order, ready to serve."""
    plain: dict[str, Any] = {}
    for name, value in sorted(values.items()):
        if isinstance(value, set):
            plain[name] = sorted(value)
        else:
            plain[name] = value.value if isinstance(value, Enum) else value
    return plain | {"inference_mode": True}
