"""The main job with the rows in PostgreSQL; then a backup while it serves, restored into SQLite."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from podion.hosting.adapter_files import read_adapter
from podion.storage import deployments
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.restore import read_backup

ROWS = [
    {"text": f"{text} {n}", "label": label}
    for label, text in (("delivery", "where is my parcel number"), ("refund", "i want my money back for order"))
    for n in range(8)
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    path = Path(__file__).parents[1] / "fixtures" / "postgresql" / "cluster.py"
    spec = importlib.util.spec_from_file_location("podion_scenario_cluster", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    with module.running() as cluster:
        if cluster is None:
            pytest.skip(reason=module.ABSENT)
        yield cluster


def test_a_tenant_lives_in_postgresql(cluster: Any, make_server: Callable[..., Any], tmp_path: Path) -> None:
    url = cluster.url(cluster.create())
    server = make_server(PODION_DATABASE_URL=url)
    tenant = server.tenant()
    dataset = tenant.upload(ROWS)["id"]
    run = tenant.run(dataset)
    assert run["state"] == "succeeded", run
    body = {"task": "intent", "adapter": run["adapter"]}
    tenant.json("POST", "/v1/customer-service/deployments", 201, json=body)
    answer = tenant.json("POST", "/v1/customer-service/parse", 200, json={"text": "where is my parcel"})
    assert answer["adapter"] == run["adapter"]
    assert not list(server.home.glob("podion.sqlite*")), "no row is anywhere else"
    file = tmp_path / "backup.zip"
    ran = subprocess.run(
        [sys.executable, "-m", "podion", "backup", str(file), "--json"],
        env={**os.environ, "PODION_HOME": str(server.home), "PODION_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    made = json.loads(ran.stdout)
    assert made["rows"]["adapters"] >= 1 and made["missing"] == []
    assert server.stop() == 0
    light, files = Database(f"sqlite:///{tmp_path / 'podion.sqlite'}"), Files(tmp_path / "files")
    restored = read_backup(light, files, file, secrets=tmp_path, progress=lambda stage, share: None)
    assert dict(restored.rows) == made["rows"]
    with light.reading() as c:
        served = deployments.live(c, tenant.id, "customer_service/intent")
    light.close()
    assert served is not None and served.adapter == run["adapter"]
    assert read_adapter(files.adapter(tenant.id, served.adapter), served.adapter)
