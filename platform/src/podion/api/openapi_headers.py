"""What the OpenAPI page says of headers that no route declares for itself."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same key and request again, within 24 hours, has no second effect and gets the same answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def document(app: FastAPI) -> None:
    """Name `Idempotency-Key` at every POST that creates, which is every one that answers 201."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        page = made()
        for operation in _creating(page):
            parameters = operation.setdefault("parameters", [])
            if not any(parameter.get("name") == IDEMPOTENCY_KEY["name"] for parameter in parameters):
                parameters.append(IDEMPOTENCY_KEY)
        return page

    app.openapi = openapi  # type: ignore[method-assign]


def _creating(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    posts = (item["post"] for item in page["paths"].values() if "post" in item)
    return (operation for operation in posts if "201" in operation["responses"])
