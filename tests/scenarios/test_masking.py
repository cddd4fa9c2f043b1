"""Personal data on their way in, over HTTP: nothing of them is kept that the tenant's policies do not allow."""

import io
import json
import random
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

API = "/v1/customer-service"
VERTICAL = "/v1/verticals/customer_service"


def fresh_phone() -> str:
    return f"138{random.SystemRandom().randrange(10**8):08d}"


def places(home: Path, *secrets: str) -> list[str]:
    """Return the files of the state folder that hold one of these texts."""
    wanted = [secret.encode() for secret in secrets]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 3
    return [str(path.relative_to(home)) for path in files if any(each in path.read_bytes() for each in wanted)]


def stored(server: Any, table: str, tenant: str) -> list[dict[str, Any]]:
    connection = sqlite3.connect(server.home / "podion.sqlite")
    connection.row_factory = sqlite3.Row
    try:
        rows = connection.execute(f"SELECT * FROM {table} WHERE tenant = ?", (tenant,))
        return [dict(row) for row in rows]
    finally:
        connection.close()


def set_policies(tenant: Any, status: int = 200, **personal: str) -> dict[str, Any]:
    named = {name.replace("__", "."): policy for name, policy in personal.items()}
    body: dict[str, Any] = tenant.json("PUT", VERTICAL, status, json={"personal": named})
    return body


def test_no_byte_of_a_phone_number_is_kept_of_an_upload_a_prediction_or_feedback(server: Any) -> None:
    tenant, phone = server.tenant(), fresh_phone()
    spaced = f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"
    rows = [{"text": f"{word} parcel {n}, call {phone}", "label": word} for word in ("send", "lose") for n in range(12)]
    rows += [{"text": f"my number is {spaced}", "label": "send"}, {"text": "", "label": f"call {phone}"}]
    dataset = tenant.upload(rows)
    assert dataset["rows"] == 25
    assert dataset["report"]["masked"] == {"text": {"phone": 25}}
    answer = tenant.json("POST", f"{API}/parse", 200, json={"text": f"where is it, call {spaced}"})["answers"][0]
    body = {"prediction_id": answer["prediction_id"], "label": "lose", "comment": f"she has {phone}"}
    assert tenant.json("POST", f"{API}/feedback", 201, json=body)["comment"] == "she has [PHONE]"
    grown = tenant.json("POST", f"{API}/datasets/{dataset['id']}:grow", 201, json={})
    assert grown["rows"] == 26
    assert json.loads(stored(server, "predictions", tenant.id)[0]["record"])["text"] == "where is it, call [PHONE]"
    assert [row["comment"] for row in stored(server, "feedback", tenant.id)] == ["she has [PHONE]"]
    assert places(server.home, phone, spaced) == []
    adapter = tenant.json("GET", f"{API}/adapters", 200)["data"][0]["id"]
    export = tenant.http.get(f"{API}/adapters/{adapter}/export")
    assert export.status_code == 200
    archive = zipfile.ZipFile(io.BytesIO(export.content))
    assert not any(each.encode() in archive.read(name) for name in archive.namelist() for each in (phone, spaced))


def test_a_pseudonym_is_one_tenants_own(server: Any) -> None:
    phone = fresh_phone()
    texts = []
    for tenant in (server.tenant(), server.tenant()):
        shown = set_policies(tenant, intent__text="tokenise")
        assert shown["personal"]["intent.text"] == "tokenise"
        assert shown["personal"]["feedback.comment"] == "mask"
        tenant.upload([{"text": f"call {phone}", "label": "a"}, {"text": "hm", "label": "b"}])
        file = next((server.home / "files").rglob(f"{tenant.id}/**/*.jsonl"))
        texts.append(json.loads(file.read_text("utf-8").splitlines()[0])["text"])
    assert all(text.startswith("call [PHONE:") for text in texts)
    assert texts[0] != texts[1]
    assert (server.home / "masking.key").stat().st_mode & 0o077 == 0


def test_what_a_tenant_rejects_is_refused_by_line_field_and_kind(server: Any, problem: Any) -> None:
    ours, theirs, phone = server.tenant(), server.tenant(), fresh_phone()
    set_policies(ours, intent__text="reject", feedback__comment="reject")
    rows = [{"text": "fine", "label": "a"}, {"text": f"call {phone}", "label": "b"}, {"text": "well", "label": "b"}]
    assert theirs.upload(rows)["rows"] == 3, "a policy is one tenant's"
    made = ours.upload(rows)
    assert made["rows"] == 2
    (error,) = made["errors"]
    assert (error["line"], error["field"]) == (2, "text")
    assert "phone number" in error["reason"]
    refused = problem(ours.http.post(f"{API}/parse", json={"text": f"call {phone}"}), 422, "personal_data")
    assert "text holds a phone number" in refused["detail"]
    answer = ours.json("POST", f"{API}/parse", 200, json={"text": "call me"})["answers"][0]
    body = {"prediction_id": answer["prediction_id"], "label": "b", "comment": phone}
    problem(ours.http.post(f"{API}/feedback", json=body), 422, "personal_data")
    assert phone not in json.dumps([made, refused])
    assert places(server.home, phone) == []


def test_policies_are_checked_kept_and_shown(server: Any, problem: Any) -> None:
    tenant, phone = server.tenant(), fresh_phone()
    body = {"personal": {"intent.txt": "mask"}}
    assert "did you mean 'intent.text'?" in problem(tenant.http.put(VERTICAL, json=body), 422, "bad_policy")["detail"]
    body = {"personal": {"intent.text": "hide"}}
    assert "reject, mask, tokenise, allow" in problem(tenant.http.put(VERTICAL, json=body), 422, "bad_policy")["detail"]
    set_policies(tenant, intent__text="allow")
    assert tenant.json("PUT", VERTICAL, 200, json={})["personal"]["intent.text"] == "allow", "left out: as it was"
    listed = tenant.json("GET", "/v1/verticals", 200)["data"]
    assert next(v for v in listed if v["name"] == "customer_service")["personal"]["intent.text"] == "allow"
    made = tenant.upload([{"text": f"call {phone}", "label": "a"}, {"text": "hm", "label": "b"}])
    assert made["report"]["masked"] == {}
    assert places(server.home, phone), "allowed, so kept: the search above can find"
