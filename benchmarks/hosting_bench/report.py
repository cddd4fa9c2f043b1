"""The figures, their bounds, and the machine they were measured on."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("numpy", "peft", "safetensors", "tokenizers", "torch", "transformers")


@dataclass
class Figure:
    """One field: what it came to, what it is held against (`most` or `least`, or neither) and what stands behind it."""

    name: str
    value: float
    most: float | None = None
    least: float | None = None
    behind: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """False where the bound is missed."""
        return not (
            (self.most is not None and not self.value <= self.most)
            or (self.least is not None and not self.value >= self.least)
        )

    def line(self) -> str:
        """Return the field's row of the table."""
        bound = f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}" if self.least is not None else ""
        verdict = ("ok" if self.ok else "MISSED") if bound else ""
        return f"{self.name:<36}{self.value:>11.4g}  {bound:<10}{verdict:<7} {spread_of(self.behind)}"


def spread_of(behind: dict[str, Any]) -> str:
    """Return the spread of a figure's rounds, where it has one."""
    return f"{behind['rounds'][0]:g} … {behind['rounds'][1]:g}" if "rounds" in behind else ""


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "compute_threads": torch.get_num_threads(),
        "load_1_minute": os.getloadavg()[0],
        "capabilities": sorted(name for name, has in torch.cpu.get_capabilities().items() if has is True),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def write(path: Path, figures: list[Figure], about: dict[str, Any]) -> None:
    """Write everything as JSON."""
    content = {**about, "figures": {figure.name: {**asdict(figure), "ok": figure.ok} for figure in figures}}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
