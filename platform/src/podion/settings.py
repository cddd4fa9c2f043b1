"""What an operator may set, read from the environment once and handed over."""

import hashlib
import os
import sys
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from podion.errors import BadSettings, NotBuilt

Device = Literal["auto", "cpu", "cuda"]
Runtime = Literal["fp32", "int8", "bf16"]
LogLevel = Literal["debug", "info", "warning", "error"]

RESTARTS = "PODION_RESTARTS"
"""Set by the supervisor for each process that it keeps alive: how often it has been started again."""

LONGEST_SOCKET_PATH = 103
"""Bytes of a unix socket's path that every system takes."""


def _bases_folder() -> Path:
    """Bases are installed beside the packages of a virtual environment, else for the user."""
    if sys.prefix != sys.base_prefix:
        return Path(sys.prefix) / "share" / "podion" / "bases"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "podion" / "bases"


class Settings(BaseSettings):
    """Every setting with its default; the environment names are `PODION_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="PODION_", frozen=True, extra="ignore")

    home: Path = Field(default=Path(".podion"), description="state folder: database, files, socket, operator key")
    bases: Path = Field(default_factory=_bases_folder, description="folder of installed base models")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty means SQLite in the state folder")
    files_url: str = Field(default="", description="folder of files; empty means one in the state folder")
    data: Path | None = Field(default=None, description="folder with public data sets, for tests and the demo")
    device: Device = Field(default="auto", description="where tensors live")
    runtime: Runtime = Field(
        default="fp32", description="how a base computes: fp32 anywhere, int8 or bf16 where native"
    )
    threads: int = Field(default=max(1, os.cpu_count() or 1), ge=1, le=256, description="compute threads a process")
    base: str = Field(default="me5-small", min_length=1, description="default base model")
    strict_plugins: bool = Field(default=False, description="a quarantined plugin stops the start")
    operator_key: SecretStr | None = Field(default=None, description="the operator's credential")
    masking_key: SecretStr | None = Field(
        default=None, description="what pseudonyms and secrets of webhooks are made under"
    )
    host: str = Field(default="127.0.0.1", description="address the API listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="port the API listens on; 0 takes a free one")
    requests_per_minute: int = Field(default=60_000, ge=0, description="a tenant's requests to one API process; 0: any")
    requests_at_once: int = Field(default=512, ge=0, description="requests one API process works on at once; 0: any")
    tenant_requests_at_once: int = Field(default=256, ge=0, description="the same of one tenant; 0: any")
    queue_seconds: float = Field(default=2, gt=0, description="expected wait for the engine that is refused")
    quick_wait_seconds: float = Field(
        default=0.25, ge=0, le=60, description="what a prediction may take when many come; 0: 2.5 times as alone"
    )
    failed_keys_per_minute: int = Field(default=60, ge=0, description="wrong keys an address, or a key's id; 0: any")
    trusted_proxies: str = Field(
        default="",
        description="addresses or networks, with commas, whose X-Forwarded-For is believed",
    )
    log_level: LogLevel = Field(default="info", description="least level that is logged")
    plugin_seconds: float = Field(default=30, gt=0, description="seconds a plugin's route may think, or 504")
    plugin_load_seconds: float = Field(default=60, gt=0, description="seconds each step of a plugin's load may take")
    upload_limit_mb: int = Field(default=256, ge=1, description="largest upload, and largest once unpacked, in MiB")
    retry_seconds: float = Field(
        default=5, gt=0, le=3600, description="pause before a webhook or a job is tried again; later ones are longer"
    )
    allow_private_addresses: str = Field(
        default="", description="hosts or networks, with commas, that webhooks and plugins may reach though not public"
    )
    index_memory_mb: int = Field(default=512, ge=16, description="most memory of one process's search indexes, in MiB")
    adapter_memory_mb: int = Field(default=1024, ge=1, description="most memory of adapters in the engine, in MiB")
    state_memory_mb: int = Field(default=256, ge=0, description="most memory of states it remembers, in MiB; 0: none")
    upload_rows: int = Field(default=1_000_000, ge=1, description="most rows of one upload")

    @field_validator("home", "bases", mode="after")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @property
    def database(self) -> str:
        """The URL of the database that this installation uses."""
        return self.database_url or f"sqlite:///{self.home / 'podion.sqlite'}"

    @property
    def files(self) -> Path:
        """The local folder that holds files; raises `NotBuilt` for a remote file system."""
        parts = urlsplit(self.files_url)
        if not self.files_url or parts.scheme == "file":
            return Path(parts.path) if self.files_url else self.home / "files"
        if parts.scheme:
            raise NotBuilt(f"PODION_FILES_URL={parts.scheme}://… is not supported yet: leave it empty or name a folder")
        return Path(self.files_url).absolute()

    @property
    def socket(self) -> Path:
        """The unix socket of the engine: in the state folder, or in a private one named after it.

        The second where the first lies too deep for a socket's path. No other variable has a say, so that every
        process of an installation finds the same one.
        """
        path = self.home / "engine.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        name = f"podion-{os.getuid()}-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]}"
        return Path("/tmp") / name / "engine.sock"


def load_settings() -> Settings:
    """Return the settings of this process; raises `BadSettings` that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "PODION_" + "_".join(str(part) for part in first["loc"]).upper()
        raise BadSettings(f"{name}={first['input']!r}: {first['msg']}") from error
