"""Standard Webhooks (standardwebhooks.com): secrets of endpoints, and the headers that prove who sends."""

import base64
import hashlib
import hmac
from datetime import datetime

from podion.storage.clock import now
from podion.storage.webhooks import WebhookRow

PREFIX = "whsec_"


class WebhookSecrets:
    """The secrets of every endpoint, derived from the installation's: none of them is kept anywhere."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "WebhookSecrets(…)"

    def shown(self, webhook: WebhookRow) -> str:
        """Return the secret that the owner of an endpoint checks signatures with: `whsec_` and base64."""
        return PREFIX + base64.b64encode(self._derived(webhook, webhook.generation)).decode("ascii")

    def headers(self, webhook: WebhookRow, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """Return the headers of a message; after a rotation it is signed with the secret before, too, for a while."""
        timestamp = int(at.timestamp())
        signed = f"{message_id}.{timestamp}.".encode() + body
        generations = [webhook.generation]
        if webhook.old_until is not None and webhook.old_until > now():
            generations.append(webhook.generation - 1)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(_signature(self._derived(webhook, each), signed) for each in generations),
        }

    def _derived(self, webhook: WebhookRow, generation: int) -> bytes:
        words = f"podion webhook\n{webhook.tenant}\n{webhook.id}\n{generation}"
        return hmac.digest(self._secret, words.encode(), hashlib.sha256)


def _signature(secret: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode("ascii")
