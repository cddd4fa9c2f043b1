"""How each server is started: the product, the naive one, the echo, and the peers over the base alone."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from http_bench import peer_venvs, product, texts
from http_bench.processes import Served, free_port, start, threads_environment
from podion.hosting.bases import find_base
from podion.settings import Settings

HERE = Path(__file__).parent
PRODUCT, NAIVE, ECHO = "podion", "naive", "echo"
PEERS = ("litserve", "bentoml", "infinity", "infinity_int8")


@dataclass
class Setting:
    """What servers are started with; `answer_bytes` is the size of the product's answer, once it is known."""

    threads: int
    folder: Path
    venvs: Path
    build: bool
    answer_bytes: int = 430

    @property
    def base(self) -> Path:
        """Where the installed base lies."""
        return find_base(product.BASE, Settings().bases).path

    def python_of(self, peer: str) -> Path:
        """Return the Python of a peer's own environment; raises `RuntimeError` that says why there is none."""
        return peer_venvs.python_of(peer, self.venvs, build=self.build)


def _start_product(setting: Setting) -> Served:
    return product.start_product(setting.folder / PRODUCT, setting.threads)


def _start_naive(setting: Setting) -> Served:
    port = free_port()
    sizes = ",".join(map(str, texts.label_counts()))
    command = [sys.executable, str(HERE / "naive.py"), "--port", str(port), "--base", str(setting.base)]
    command += ["--threads", str(setting.threads), "--sizes", sizes]
    return _start(setting, NAIVE, command, port)


def _start_echo(setting: Setting) -> Served:
    port = free_port()
    return _start(setting, ECHO, [sys.executable, str(HERE / "echo.py"), str(port), str(setting.answer_bytes)], port)


def _start_litserve(setting: Setting) -> Served:
    port = free_port()
    python = setting.python_of("litserve")
    command = [str(python), str(HERE / "serve_litserve.py"), str(port), str(setting.base), str(setting.threads)]
    return _start(setting, "litserve", command, port)


def _start_bentoml(setting: Setting) -> Served:
    port = free_port()
    python = setting.python_of("bentoml")
    command = [str(python), "-m", "bentoml", "serve", "serve_bentoml:Embedding", "--working-dir", str(HERE)]
    command += ["--host", "127.0.0.1", "-p", str(port)]
    environment = {
        "BENCH_BASE": str(setting.base),
        "BENCH_THREADS": str(setting.threads),
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOME": str(setting.folder / "bentoml-home"),
    }
    return _start(setting, "bentoml", command, port, environment)


def _start_infinity(setting: Setting) -> Served:
    python = setting.python_of("infinity")
    layout = peer_venvs.sentence_transformer(setting.base, setting.folder / "infinity-model")
    return _infinity(setting, "infinity", python, layout, ["--engine", "torch", "--no-bettertransformer"])


def _start_infinity_int8(setting: Setting) -> Served:
    python = setting.python_of("infinity")
    layout = peer_venvs.sentence_transformer(setting.base, setting.folder / "infinity-int8-source")
    quantised = peer_venvs.quantised(python, layout, setting.venvs / "infinity-int8-model", build=setting.build)
    return _infinity(setting, "infinity_int8", python, quantised, ["--engine", "optimum"])


def _infinity(setting: Setting, name: str, python: Path, model: Path, engine: list[str]) -> Served:
    port = free_port()
    # Named ".", because it finds no ONNX file of a folder that it is given by its path.
    command = [str(python.with_name("infinity_emb")), "v2", "--model-id", ".", "--device", "cpu", *engine]
    command += ["--host", "127.0.0.1", "--port", str(port), "--batch-size", "32", "--no-model-warmup"]
    command += ["--served-model-name", product.BASE, "--log-level", "error"]
    environment = {"DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0", "HF_HOME": str(setting.folder / "hf")}
    return _start(setting, name, command, port, environment, cwd=model)


def _start(
    setting: Setting,
    name: str,
    command: list[str],
    port: int,
    environment: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Served:
    limits = threads_environment(setting.threads)
    return start(name, command, port, setting.folder / name, {**limits, **(environment or {})}, cwd)


STARTERS: dict[str, Callable[[Setting], Served]] = {
    PRODUCT: _start_product,
    NAIVE: _start_naive,
    ECHO: _start_echo,
    "litserve": _start_litserve,
    "bentoml": _start_bentoml,
    "infinity": _start_infinity,
    "infinity_int8": _start_infinity_int8,
}
READY = {
    PRODUCT: "/readyz",
    NAIVE: "/health",
    ECHO: "/",
    "litserve": "/health",
    "bentoml": "/readyz",
    "infinity": "/health",
    "infinity_int8": "/health",
}
