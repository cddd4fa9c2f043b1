"""A version whose head answers NaN, over HTTP: the one before it answers the request, and the ledger says why."""

from pathlib import Path
from typing import Any

import numpy as np

from podion.hosting.adapter_files import AdapterParts, Calibration, HeadFile, write_adapter
from podion.hosting.bases import find_base
from podion.settings import Settings
from podion.storage import adapters
from podion.storage.adapters import AdapterRow
from podion.storage.database import Database
from podion.storage.files import Files

API = "/v1/customer-service"
HIDDEN = 384
LABELS = ("delivery", "refund")
ROWS = [{"text": f"{label} please {n}", "label": label} for label in LABELS for n in range(5)]


def add_adapter(home: Path, tenant: str, fill: float) -> str:
    """Give a tenant a version whose weights are all `fill`, as a run would have published it."""
    settings = Settings(home=home)
    base = find_base("minilm-l6", settings.bases)
    head = HeadFile(
        implementation="podion.hosting.heads:LabelClassifier", record="podion_customer_service.schema:Utterance",
        hidden_size=HIDDEN, labels=LABELS,
    )  # fmt: skip
    weights = {
        "linear.weight": np.full((2, HIDDEN), fill, np.float32),
        "linear.bias": np.zeros(2, np.float32),
    }
    card = {"task": "customer_service/intent", "method": "head", "base": base.name, "fingerprint": base.fingerprint}
    files, database = Files(settings.files), Database(settings.database)
    with files.staging() as staging:
        parts = AdapterParts(card=card, head=head, head_tensors=weights, calibration=Calibration())
        digest = write_adapter(staging / "adapter", parts)
        files.publish(staging / "adapter", files.adapter(tenant, digest))
    row = AdapterRow(
        tenant=tenant, id=digest, task=card["task"], run=None, method="head", base=base.name,
        fingerprint=base.fingerprint,
    )  # fmt: skip
    with database.writing() as c:
        adapters.insert(c, row)
    database.close()
    return digest


def test_a_version_that_answers_nonsense_is_suspended_and_the_last_good_one_answers(server: Any, problem: Any) -> None:
    tenant = server.tenant()
    tenant.upload(ROWS)
    good, bad = (add_adapter(server.home, tenant.id, fill) for fill in (0.01, float("nan")))
    for version in (good, bad):
        tenant.json("POST", f"{API}/deployments", 201, json={"task": "intent", "adapter": version})
    answered = tenant.json("POST", f"{API}/parse", 200, json={"text": "where is my parcel"})
    assert answered["adapter"] == good
    restored, suspended, first = tenant.json("GET", f"{API}/deployments", 200)["data"]
    assert [each["state"] for each in (restored, suspended, first)] == ["live", "suspended", "ended"]
    assert "logits are not finite" in suspended["suspended"]
    assert (restored["adapter"], restored["actor"]) == (good, "platform")
    again = tenant.http.post(f"{API}/deployments", json={"task": "intent", "adapter": bad})
    assert '"force": true' in problem(again, 409, "suspended")["detail"]
    forced = tenant.json("POST", f"{API}/deployments", 201, json={"task": "intent", "adapter": bad, "force": True})
    assert forced["state"] == "live"
    assert tenant.json("POST", f"{API}/parse", 200, json={"text": "where is my parcel"})["adapter"] == good
