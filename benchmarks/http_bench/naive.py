"""What a team writes first: FastAPI, one PEFT model with every tenant's adapter, and a lock around `set_adapter`."""

import argparse
import os
import threading
from pathlib import Path
from typing import Annotated

import torch
import uvicorn
from fastapi import FastAPI, Header
from peft import LoraConfig, PeftModel, get_peft_model
from pydantic import BaseModel
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from transformers import BertModel


class Ask(BaseModel):
    text: str


class Alternative(BaseModel):
    label: str
    confidence: float


class Answer(BaseModel):
    task: str
    adapter: str
    label: str
    confidence: float
    alternatives: list[Alternative]
    request_id: str


def load(folder: Path, sizes: list[int]) -> tuple[PeftModel, list[nn.Linear]]:
    """Return the base with one adapter (r=8 on query and value, all layers) and one head a tenant."""
    base = BertModel.from_pretrained(folder, add_pooling_layer=False)
    config = LoraConfig(r=8, lora_alpha=16, target_modules=["query", "value"], init_lora_weights=False)
    model = get_peft_model(base, config, adapter_name="tenant-0")
    for tenant in range(1, len(sizes)):
        model.add_adapter(f"tenant-{tenant}", config)
    model.eval()
    return model, [nn.Linear(base.config.hidden_size, size) for size in sizes]


def application(folder: Path, sizes: list[int]) -> FastAPI:
    """Return the application."""
    model, heads = load(folder, sizes)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(128)
    tokenizer.no_padding()
    lock = threading.Lock()
    app = FastAPI()

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.post("/classify")
    def classify(ask: Ask, x_tenant: Annotated[int, Header()]) -> Answer:
        ids = torch.tensor([tokenizer.encode(ask.text).ids])
        with lock, torch.inference_mode():
            model.set_adapter(f"tenant-{x_tenant}")
            states = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
            logits = heads[x_tenant](functional.normalize(states.mean(dim=1), dim=-1))
        shares, places = logits.softmax(-1)[0].topk(4)
        ranked = [
            Alternative(label=f"intent_number_{place}", confidence=share)
            for share, place in zip(shares.tolist(), places.tolist(), strict=True)
        ]
        return Answer(
            task="customer_service/intent",
            adapter=f"tenant-{x_tenant}",
            label=ranked[0].label,
            confidence=ranked[0].confidence,
            alternatives=ranked[1:],
            request_id=os.urandom(16).hex(),
        )

    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    app = application(options.base, options.sizes)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
