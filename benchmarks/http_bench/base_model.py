"""The base alone as the peers serve it: texts to mean states, and an answer as large as the product's."""

import os
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import BertModel

_SENT = 36
"""Numbers of a vector that are sent: with its id and the rest, an answer as large as the product's."""


class BaseModel:
    """Mean states of texts. The fast tokenizer pads; scaled-dot-product attention."""

    def __init__(self, folder: str, threads: int) -> None:
        torch.set_num_threads(threads)
        model = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="sdpa")
        self._model = model.eval()  # type: ignore[no-untyped-call]
        self._tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        self._tokenizer.enable_truncation(128)
        self._tokenizer.enable_padding()

    def answers(self, texts: list[str]) -> list[dict[str, Any]]:
        """Return one answer a text; the texts are sorted by length into batches that pad little."""
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        found: list[dict[str, Any]] = [{}] * len(texts)
        half = 16
        for start in range(0, len(order), half):
            places = order[start : start + half]
            read = self._tokenizer.encode_batch([texts[place] for place in places])
            ids = torch.tensor([each.ids for each in read])
            mask = torch.tensor([each.attention_mask for each in read])
            with torch.inference_mode():
                states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
                kept = mask.unsqueeze(-1).to(states.dtype)
                pooled = ((states * kept).sum(1) / kept.sum(1))[:, :_SENT].tolist()
            for place, row in zip(places, pooled, strict=True):
                found[place] = {"id": os.urandom(16).hex(), "base": "minilm-l6", "vector": [round(x, 8) for x in row]}
        return found
