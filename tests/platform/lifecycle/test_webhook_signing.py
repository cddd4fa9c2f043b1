"""Signatures as Standard Webhooks defines them, checked by the definition written down here anew."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from podion.lifecycle.webhook_signing import WebhookSecrets
from podion.storage.clock import now
from podion.storage.webhooks import WebhookRow

AT = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
BODY = '{"type":"x","data":"钱"}'.encode()


def row(tenant: str = "ten_a", id: str = "whk_a", generation: int = 1, old_until: datetime | None = None) -> WebhookRow:
    return WebhookRow(tenant=tenant, id=id, url="", generation=generation, old_until=old_until)


def expected(secret: str, headers: dict[str, str], body: bytes) -> str:
    """The specification's words: base64 of HMAC-SHA256, under the secret after `whsec_`, of `id.timestamp.body`."""
    key = base64.b64decode(secret.split("_", 1)[1], validate=True)
    content = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def test_a_message_is_signed_as_the_specification_says() -> None:
    secrets = WebhookSecrets(b"installation")
    headers = secrets.headers(row(), "evt_1", AT, BODY)
    assert headers["webhook-id"] == "evt_1" and headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert headers["webhook-signature"] == expected(secrets.shown(row()), headers, BODY)
    assert headers["webhook-signature"] != expected(secrets.shown(row()), headers, BODY + b" ")


def test_the_specifications_own_example_is_verified_by_the_same_steps() -> None:
    """Secret, message and signature that the specification's libraries are tested with."""
    headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330"}
    found = expected("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", headers, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_differ_by_installation_tenant_endpoint_and_rotation() -> None:
    secrets = WebhookSecrets(b"installation")
    rows = [row(), row("ten_b"), row(id="whk_b"), row(generation=2)]
    shown = [secrets.shown(each) for each in rows] + [WebhookSecrets(b"other").shown(row())]
    assert len(set(shown)) == 5
    assert all(each.startswith("whsec_") and len(base64.b64decode(each[6:])) == 32 for each in shown)
    assert secrets.shown(row()) == shown[0]
    assert "installation" not in repr(secrets)


def test_while_a_rotation_overlaps_both_secrets_verify() -> None:
    secrets = WebhookSecrets(b"installation")
    old, new = secrets.shown(row()), secrets.shown(row(generation=2))
    both = secrets.headers(row(generation=2, old_until=now() + timedelta(seconds=9)), "evt_1", AT, BODY)
    assert both["webhook-signature"].split() == [expected(new, both, BODY), expected(old, both, BODY)]
    one = secrets.headers(row(generation=2, old_until=now() - timedelta(seconds=9)), "evt_1", AT, BODY)
    assert one["webhook-signature"].split() == [expected(new, one, BODY)]
