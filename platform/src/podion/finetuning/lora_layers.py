"""Low-rank adapters put into a base model for training by `peft`, and taken out again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, cast

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import nn

from podion.errors import DataError
from podion.finetuning.recipe import Recipe
from podion.hosting.adapter_files import LoraFiles
from podion.hosting.encoder import Encoder

_ADAPTER = "default"
_SUFFIX = f".{_ADAPTER}.weight"


class LoraInTraining:
    """The adapter inside a base model's upper layers."""

    def __init__(self, layers: dict[str, LoraLayer], config: LoraConfig) -> None:
        self._layers, self._config = layers, config

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """The adapter's matrices by PEFT's names, in a fixed order."""
        return {
            name.removesuffix(_SUFFIX): parameter
            for module, layer in sorted(self._layers.items())
            for name, parameter in sorted(_named(module, layer))
        }

    def training(self, on: bool) -> None:
        """Switch the adapter's dropout on or off; the base model's own stays off."""
        for layer in self._layers.values():
            layer.lora_dropout.train(on)

    def files(self) -> LoraFiles:
        """Return the adapter as plain PEFT files: what `PeftModel.save_pretrained` would write."""
        tensors = {
            f"base_model.model.{name}.weight": parameter.detach().cpu().numpy().copy()
            for name, parameter in self.parameters.items()
        }
        return LoraFiles(config=_plain(cast(Callable[[], dict[str, Any]], self._config.to_dict)()), tensors=tensors)


@contextmanager
def lora_in(encoder: Encoder, recipe: Recipe, cut: int, seed: int) -> Iterator[LoraInTraining]:
    """Put a fresh adapter into the layers from `cut` on; the base model is as before when the block ends.

    Raises `DataError` where the base has no layer above the cut.
    """
    if cut >= encoder.layers:
        raise DataError(
            f"base {encoder.base.name} has {encoder.layers} layers, all of them frozen: use the method head"
        )
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.lora_dropout,
        target_modules=list(recipe.targets),
        layers_to_transform=list(range(cut, encoder.layers)),
        base_model_name_or_path=encoder.base.name,
        inference_mode=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        inject_adapter_in_model(config, encoder.model, adapter_name=_ADAPTER)
    layers = {name: module for name, module in encoder.model.named_modules() if isinstance(module, LoraLayer)}
    adapter = LoraInTraining(layers, config)
    adapter.training(False)
    try:
        yield adapter
    finally:
        _take_out(encoder.model, layers)


def _named(module: str, layer: LoraLayer) -> list[tuple[str, nn.Parameter]]:
    return [
        (f"{module}.{name}", parameter)
        for name, parameter in cast(nn.Module, layer).named_parameters()
        if ".lora_" in f".{name}"
    ]


def _take_out(model: Any, layers: dict[str, LoraLayer]) -> None:
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
