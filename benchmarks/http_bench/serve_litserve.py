"""LitServe over the base alone, batching on: `serve_litserve.py PORT FOLDER THREADS`."""

import sys
from typing import TYPE_CHECKING, Any

import litserve

if TYPE_CHECKING:
    from http_bench.base_model import BaseModel
else:
    from base_model import BaseModel  # started as a script: this folder is on the path


class Embedding(litserve.LitAPI):  # type: ignore[misc]
    """Texts in, short answers out."""

    def setup(self, device: str) -> None:
        self.model = BaseModel(sys.argv[2], int(sys.argv[3]))

    def decode_request(self, request: dict[str, Any]) -> str:
        return str(request["text"])

    def batch(self, inputs: list[str]) -> list[str]:
        return inputs

    def predict(self, x: list[str]) -> list[dict[str, Any]]:
        return self.model.answers(x)

    def unbatch(self, output: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return output

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        return output


if __name__ == "__main__":
    api = Embedding(max_batch_size=32, batch_timeout=0.002)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, timeout=60)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False)
