"""What PEFT's adapter_config.json says of each module: resolved as PEFT does, or refused. No torch."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeGuard, get_args

from podion.errors import DataError

Mixed = Literal["LORA", "ADALORA", "IA3"]
"""Methods whose adapters change single matrices, so that each row of a batch can have its own (docs/hosting.md)."""

LARGEST_RANK = 256
"""The largest rank that is taken: above it a delta costs more than it is worth, and one slot starves the others."""

_LARGEST_NUMBER = 1e30
_LONGEST_SHOWN = 80
_NEUTRAL = {
    # where it comes from and what it was made for
    *("task_type", "peft_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision"),
    "inference_mode",
    # which modules it was put on: the tensors say the same
    *("target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "feedforward_modules"),
    # how it was trained
    *("lora_dropout", "init_ia3_weights", "eva_config", "corda_config", "lora_ga_config"),
    *("target_r", "tinit", "tfinal", "deltaT", "beta1", "beta2", "orth_reg_weight", "total_step"),
    *("megatron_core", "qalora_group_size"),
    # read here or in `peft_files`
    *("r", "lora_alpha", "use_rslora", "rank_pattern", "alpha_pattern", "init_r", "bias", "init_lora_weights"),
}
_WORDS = {
    "use_dora": "DoRA",
    "modules_to_save": "modules saved whole",
    "trainable_token_indices": "trainable tokens",
    "layer_replication": "replicated layers",
    "lora_bias": "a bias in LoRA",
    "fan_in_fan_out": "transposed matrices",
    "loftq_config": "LoftQ, which changes the base model,",
}
# PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA change the base model's own matrices when they begin
_STARTS = (True, False, None, "gaussian", "orthogonal", "eva")

# A part of a regular expression that cannot run away, as people write them: names, dots, classes, top-level choices
_SAFE = re.compile(r"(?:[A-Za-z0-9_.^|-]|\[[A-Za-z0-9_-]+\]|\\[.d]|(?<=\.)\*|(?<=\\d)\+)+")
_MOST_REPEATS = 2
_LONGEST_PATTERN, _MOST_PATTERNS = 128, 1024


def mixed_kind(config: Mapping[str, Any]) -> Mixed:
    """Return the adapter's method; raises `DataError` (code `bad_adapter`) for whatever cannot be served exactly.

    A setting that is not known here and is set is refused: a later PEFT may mean anything by it.
    """
    if not isinstance(config, Mapping):
        raise refused("its configuration is no object")
    kind = config.get("peft_type")
    found: Mixed | None = next((known for known in get_args(Mixed) if known == kind), None)
    if found is None:
        raise refused(f"its peft_type is {shown(kind)}; {', '.join(get_args(Mixed))} are served")
    for name, value in config.items():
        if name not in _NEUTRAL and value:
            raise refused(f"it uses {_WORDS.get(name, 'a setting')} ({shown(name)}), which is not served")
    if config.get("bias") not in (None, "none"):
        raise refused(f"it trains biases (bias={shown(config['bias'])}); only 'none' is served")
    start = config.get("init_lora_weights")
    if not any(start is known or (isinstance(start, str) and start == known) for known in _STARTS):
        raise refused(
            f"it begins as init_lora_weights={shown(start)}, which changes the base model: convert it when saving "
            "(path_initial_model_for_weight_conversion)"
        )
    return found


class LoraScales:
    """Rank and scale of each module of a LoRA, as `rank_pattern`, `alpha_pattern` and `use_rslora` say."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._rank, self._alpha = config.get("r"), config.get("lora_alpha")
        self._ranks, self._alphas = (_patterns(config, name) for name in ("rank_pattern", "alpha_pattern"))
        self._power = 0.5 if config.get("use_rslora") else 1.0

    def of(self, module: str, seen: int) -> float:
        """Return the factor of a module whose matrices have rank `seen`."""
        rank, alpha = _resolved(self._ranks, module, self._rank), _resolved(self._alphas, module, self._alpha)
        if not (_is_rank(rank) and _is_number(alpha)):
            raise refused(f"r={shown(rank)} and lora_alpha={shown(alpha)} are not numbers that scale")
        if seen != rank:
            raise refused(f"module {shown(module)} has rank {seen}, the configuration says {rank}")
        return float(alpha / rank**self._power)


class AdaScales:
    """Rank and scale of each module of an AdaLoRA: `rank_pattern` says which of `init_r` ranks were kept.

    The scale divides by the ranks at the beginning, as PEFT does after loading what it saved.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        begun, alpha = config.get("init_r"), config.get("lora_alpha")
        if not (_is_rank(begun) and _is_number(alpha)):
            raise refused(f"init_r={shown(begun)} and lora_alpha={shown(alpha)} are not numbers that scale")
        self._begun, self._alpha = begun, alpha
        kept = config.get("rank_pattern") or {}
        if not isinstance(kept, Mapping):
            raise refused(f"its rank_pattern is {shown(kept)}, no object")
        self._kept = kept

    def of(self, module: str, seen: int) -> float:
        """Return the factor of a module whose matrices have rank `seen`."""
        kept = self._kept.get(f"{module}.lora_E")
        rank = self._begun
        if kept is not None:
            if not (isinstance(kept, list) and len(kept) == rank and all(isinstance(one, bool) for one in kept)):
                raise refused(f"its rank_pattern of {shown(module)} is no list of {rank} times true or false")
            rank = sum(kept)
        if seen != rank:
            raise refused(f"module {shown(module)} has rank {seen}, the configuration says {rank}")
        alpha = float(self._alpha) if self._alpha > 0 else float(seen)
        return alpha / (self._begun + 1e-5)


def scales_input(config: Mapping[str, Any], module: str) -> bool:
    """True where IA3 scales what goes into a module (`feedforward_modules`), False where it scales what comes out."""
    names = config.get("feedforward_modules")
    if isinstance(names, str):
        return _compiled(names, "{}").fullmatch(module) is not None
    if not (isinstance(names, Sequence) and all(isinstance(name, str) for name in names)):
        raise refused(f"its feedforward_modules are {shown(names)}, no list of names")
    return any(module.endswith(name) for name in names)


def refused(what: str) -> DataError:
    """Return the error that refuses an adapter."""
    return DataError(f"adapter refused: {what}", code="bad_adapter")


def shown(value: object) -> str:
    """Return what an adapter's files say, quoted and short: it may be anything, of any length."""
    text = repr(value) if not isinstance(value, str) else ascii(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _patterns(config: Mapping[str, Any], name: str) -> list[tuple[re.Pattern[str], Any]]:
    """PEFT's own rule (`get_pattern_key`): a pattern is the end of a module's name, from a dot on."""
    found = config.get(name) or {}
    if not isinstance(found, Mapping) or len(found) > _MOST_PATTERNS:
        raise refused(f"its {name} is {shown(found)}, no object of at most {_MOST_PATTERNS} entries")
    return [(_compiled(pattern, r"(.*\.)?({})$"), value) for pattern, value in found.items()]


def _resolved(patterns: Sequence[tuple[re.Pattern[str], Any]], module: str, otherwise: object) -> Any:
    return next((value for pattern, value in patterns if pattern.match(module)), otherwise)


def _compiled(pattern: str, within: str) -> re.Pattern[str]:
    repeats = pattern.count("*") + pattern.count("+")
    try:
        if len(pattern) <= _LONGEST_PATTERN and repeats <= _MOST_REPEATS and _SAFE.fullmatch(pattern):
            return re.compile(within.replace("{}", pattern))
    except re.error as error:
        raise refused(f"its pattern {shown(pattern)} is no pattern ({error})") from error
    raise refused(
        f"its pattern {shown(pattern)} is no name of modules: {_LONGEST_PATTERN} characters of names, '.', '|', "
        f"[classes], \\d and at most {_MOST_REPEATS} of '.*' and '\\d+' are allowed"
    )


def _is_rank(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST_NUMBER
