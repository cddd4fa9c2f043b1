"""The product as a user starts it, with tenants that each have a LoRA adapter and a head of their own, deployed."""

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np

from http_bench.processes import Served, free_port, start
from podion.finetuning.prototypes import head_file
from podion.hosting.adapter_files import AdapterParts, Calibration, LoraFiles, write_adapter
from podion.hosting.base_card import InstalledBase
from podion.hosting.bases import find_base
from podion.hosting.protocol import Call
from podion.lifecycle.intact import publish_adapter
from podion.settings import Settings
from podion.storage import adapters
from podion.storage.adapters import AdapterRow
from podion.storage.database import Database
from podion.storage.files import Files
from podion.vertical import Method
from podion_customer_service.tasks import intent

OPERATOR_KEY = "operator-key-of-the-benchmarks"
BASE = "minilm-l6"
TASK = "customer_service/intent"
PATH = "/v1/customer-service/parse"
RANK = 8
_LAYERS = 6
_HIDDEN = 384


def start_product(home: Path, threads: int) -> Served:
    """Start `podion serve` over a new state folder; every limit is the default one."""
    port = free_port()
    environment = {
        "PODION_HOME": str(home),
        "PODION_PORT": str(port),
        "PODION_QUICK_WAIT_SECONDS": "0",
        "PODION_BASE": BASE,
        "PODION_THREADS": str(threads),
        "PODION_OPERATOR_KEY": OPERATOR_KEY,
    }
    return start("podion", [sys.executable, "-m", "podion", "serve"], port, home, environment)


def base_in_use(settings: Settings) -> InstalledBase:
    """Return the base as the runtime of the settings computes it."""
    return find_base(BASE, settings.bases).computed_by(settings.runtime)


def furnish(home: Path, port: int, sizes: Sequence[int], seed: int = 0) -> list[str]:
    """Make the tenants, publish and deploy an adapter of each, and return their keys."""
    settings = Settings(home=home)
    files, database = Files(settings.files), Database(settings.database)
    base = base_in_use(settings)
    keys = []
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, timeout=60) as http:
        for number, size in enumerate(sizes):
            asked = {"name": f"tenant-{number}", "enable": ["customer_service"]}
            made = _ok(http.post("/v1/admin/tenants", json=asked, headers=_bearer(OPERATOR_KEY)))
            adapter = publish(files, database, made["id"], parts(base, size, seed + number), base)
            deployment = {"task": "intent", "adapter": adapter}
            _ok(http.post("/v1/customer-service/deployments", json=deployment, headers=_bearer(made["key"])))
            keys.append(made["key"])
    database.close()
    return keys


def parts(base: InstalledBase, labels: int, seed: int) -> AdapterParts:
    """Return an adapter of random numbers: LoRA r=8 on query and value of all layers, a head of so many labels."""
    dice = np.random.default_rng(seed)
    space = intent.label_space(tuple(f"intent_number_{label:02}" for label in range(labels)))
    tensors = {}
    for layer in range(_LAYERS):
        for module in ("query", "value"):
            name = f"base_model.model.encoder.layer.{layer}.attention.self.{module}"
            tensors[f"{name}.lora_A.weight"] = dice.normal(0, 0.05, (RANK, _HIDDEN)).astype(np.float32)
            tensors[f"{name}.lora_B.weight"] = dice.normal(0, 0.02, (_HIDDEN, RANK)).astype(np.float32)
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 16, "target_modules": ["query", "value"], "bias": "none"}
    return AdapterParts(
        card={
            "task": TASK,
            "method": str(Method.LORA),
            "base": base.name,
            "fingerprint": base.fingerprint,
            "dataset": None,
            "metrics": {},
        },
        head=head_file(intent, space, _HIDDEN),
        head_tensors={
            "linear.weight": dice.normal(0, 8, (labels, _HIDDEN)).astype(np.float32),
            "linear.bias": np.zeros(labels, np.float32),
        },
        calibration=Calibration(),
        lora=LoraFiles(config=config, tensors=tensors),
    )


def publish(files: Files, database: Database, tenant: str, made: AdapterParts, base: InstalledBase) -> str:
    """Put an adapter where a run would have put it, and return its id."""
    with files.staging() as staging:
        digest = write_adapter(staging / "adapter", made)
        publish_adapter(files, staging / "adapter", files.adapter(tenant, digest), digest)
    row = AdapterRow(
        tenant=tenant,
        id=digest,
        task=TASK,
        run=None,
        method=str(Method.LORA),
        base=base.name,
        fingerprint=base.fingerprint,
    )
    with database.writing() as c:
        adapters.insert(c, row)
    return digest


def calls(folder: Path, labels: int, texts: Sequence[str]) -> list[Call]:
    """Return the texts as calls of one tenant whose adapter lies in `folder`, for an engine in this process."""
    base = base_in_use(Settings())
    digest = write_adapter(folder / "adapter", parts(base, labels, random.randrange(1 << 30)))
    where = str(folder / "adapter")
    return [Call(owner="ten", base=base.name, folder=where, digest=digest, records=({"text": text},)) for text in texts]


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _ok(response: httpx.Response) -> dict[str, str]:
    if response.is_error:
        raise RuntimeError(f"{response.request.url.path}: {response.status_code} {response.text}")
    return dict(response.json())
