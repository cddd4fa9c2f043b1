"""A bare ASGI application that takes a body and answers with the product's number of bytes: the floor."""

import sys
from typing import Any

import uvicorn

SIZE = int(sys.argv[2]) if len(sys.argv) > 2 else 400
_BODY = b"x" * SIZE
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % SIZE)],
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Read the whole body, answer."""
    if scope["type"] != "http":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await send(_START)
    await send({"type": "http.response.body", "body": _BODY})


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)
