"""A small client of the API, as a tenant would write it: used by the demo."""

import json
from collections.abc import Iterator
from typing import Any

import httpx

from podion.errors import PodionError, Unavailable

Json = dict[str, Any]


class Client:
    """Calls one server with one key; raises `PodionError` with the problem's words for what it refuses."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120)

    def get(self, path: str, **query: Any) -> Json:
        """Return the JSON of a GET."""
        return self._json(self._http.get(path, params=query))

    def text(self, path: str, **query: Any) -> str:
        """Return the text of a GET."""
        response = self._http.get(path, params=query)
        return response.text if response.is_success else str(self._json(response))

    def post(self, path: str, body: Json | None = None, **query: Any) -> Json:
        """Return the JSON of a POST with a JSON body."""
        return self._json(self._http.post(path, json=body if body is not None else {}, params=query))

    def put(self, path: str, body: Json) -> Json:
        """Return the JSON of a PUT."""
        return self._json(self._http.put(path, json=body))

    def upload(self, path: str, content: bytes, **query: Any) -> Json:
        """Return the JSON of an upload of JSONL."""
        headers = {"Content-Type": "application/x-ndjson"}
        return self._json(self._http.post(path, content=content, params=query, headers=headers))

    def events(self, path: str) -> Iterator[tuple[str, Json]]:
        """Yield the server-sent events of a stream: name and data."""
        with self._http.stream("GET", path, timeout=None) as response:
            name = "message"
            for line in response.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    yield name, json.loads(line[6:])

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _json(self, response: httpx.Response) -> Json:
        body = response.json() if response.content else {}
        if response.is_success:
            return dict(body)
        error = Unavailable if response.status_code == 503 else PodionError
        raise error(
            f"{response.request.method} {response.request.url.path}: {body.get('detail', response.text[:200])}",
            code=str(body.get("code", response.status_code)),
        )
