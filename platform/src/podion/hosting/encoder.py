"""A base model ready to compute: texts to token rows, token rows to states, whole or cut at a layer.

One encoder is one compute thread's: its methods are not called at the same time.
"""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import cast

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedModel

from podion.errors import BadSettings, DataError
from podion.hosting.base_card import InstalledBase
from podion.hosting.base_loading import load_model, load_tokenizer
from podion.hosting.lora import AdaptedLinear, LoraTensors, LowRankSlot, adapt_linears, check_fit, plan_rows
from podion.hosting.sharing import share_rows
from podion.nn import States
from podion.settings import Device

Offsets = tuple[tuple[int, int], ...]

TOKEN_BUDGET = 1024
"""Tokens computed at once, padding included: enough to fill two cores, small enough to stay in their caches."""

PADDING = 64
"""Tokens of padding in a batch above which a further batch costs less (measured on short English questions)."""

_LAYERS = "encoder.layer."


@dataclass(frozen=True)
class TokenRow:
    """A text as the base model reads it; `offsets` are characters of the text as sent, (0, 0) for what is not in it."""

    ids: tuple[int, ...]
    offsets: Offsets

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class TokenBatch:
    """Rows padded to one length: `ids` and `attention` (true where a row has a token), both [rows, length]."""

    rows: tuple[TokenRow, ...]
    ids: Tensor
    attention: Tensor


@dataclass
class Work:
    """What an encoder has computed so far: `computed` counts tokens with padding, `tokens` without.

    `lower_rows` went through the layers below the cut, `upper_rows` through those above it.
    """

    batches: int = 0
    lower_rows: int = 0
    upper_rows: int = 0
    tokens: int = 0
    computed: int = 0

    def add(self, batch: TokenBatch, upper_rows: int) -> None:
        """Count one batch."""
        self.batches += 1
        self.lower_rows += len(batch.rows)
        self.upper_rows += upper_rows
        self.tokens += sum(map(len, batch.rows))
        self.computed += batch.ids.numel()


class Encoder:
    """A base model, frozen and in evaluation mode; made by `Encoder.load`."""

    def __init__(self, base: InstalledBase, model: PreTrainedModel, tokenizer: Tokenizer, device: torch.device) -> None:
        self.base = base
        self.model = model
        self.device = device
        self.hidden_size: int = model.config.hidden_size
        self.layers: int = model.config.num_hidden_layers
        self.work = Work()
        self._tokenizer = tokenizer
        self._pad: int = model.config.pad_token_id or 0
        self._slot = LowRankSlot()
        self.linears: dict[str, AdaptedLinear] = adapt_linears(model, self._slot, _LAYERS)

    @classmethod
    def load(cls, base: InstalledBase, *, device: Device = "auto", threads: int = 1) -> "Encoder":
        """Return the encoder of an installed base in fp32 on `device`.

        Raises `DataError` for an architecture that is not served or weights that do not fill it, `BadSettings` for a
        device that is not there.
        """
        where = choose_device(device)
        torch.set_num_threads(threads)
        model = load_model(base.path)
        cast(nn.Module, model).to(where)
        return cls(base, model, load_tokenizer(base, model), where)

    def tokenise(self, texts: Sequence[str], *, prefix: str | None = None) -> list[TokenRow]:
        """Return one row a text, the base's prefix before it (or `prefix`), cut at the base's `max_tokens`."""
        before = self.base.prefix if prefix is None else prefix
        encodings = self._tokenizer.encode_batch([before + text for text in texts])
        return [
            TokenRow(
                tuple(encoding.ids), _offsets_in(text, encoding.offsets, encoding.special_tokens_mask, len(before))
            )
            for text, encoding in zip(texts, encodings, strict=True)
        ]

    def batches(self, rows: Sequence[TokenRow], budget: int = TOKEN_BUDGET) -> list[list[int]]:
        """Return the rows' positions in batches of similar length, each of at most `budget` tokens (or one row)."""
        batches: list[list[int]] = []
        tokens = 0
        for row in sorted(range(len(rows)), key=lambda row: len(rows[row])):
            length = len(rows[row])
            computed = (len(batches[-1]) + 1) * length if batches else 0
            if batches and computed <= budget and computed - (tokens + length) <= PADDING:
                batches[-1].append(row)
                tokens += length
            else:
                batches.append([row])
                tokens = length
        return batches

    def batch(self, rows: Sequence[TokenRow]) -> TokenBatch:
        """Return the rows padded to the longest of them, on the encoder's device."""
        length = max(len(row) for row in rows)
        ids = torch.tensor([[*row.ids, *[self._pad] * (length - len(row))] for row in rows])
        lengths = torch.tensor([len(row) for row in rows])
        attention = torch.arange(length)[None, :] < lengths[:, None]
        return TokenBatch(tuple(rows), ids.to(self.device), attention.to(self.device))

    def lower(self, batch: TokenBatch, until: int) -> Tensor:
        """Return what the embeddings and the first `until` layers make of a batch, [rows, length, hidden]."""
        embeddings = cast(nn.Module, self.model.embeddings)
        hidden: Tensor = embeddings(input_ids=batch.ids)
        return self._through(hidden, batch.attention, 0, until)

    def upper(self, hidden: Tensor, attention: Tensor, start: int, until: int | None = None) -> Tensor:
        """Return what the layers from `start` on (up to `until`) make of `hidden`, [rows, length, hidden].

        `upper(lower(batch, n), batch.attention, n)` is the whole model, for every n. Layers that PEFT has wrapped work
        and carry gradients.
        """
        return self._through(hidden, attention, start, self.layers if until is None else until)

    def states(
        self,
        rows: Sequence[TokenRow],
        *,
        adapters: Sequence[LoraTensors | None] | None = None,
        reads_tokens: bool = False,
        cut: int | None = None,
        owners: Sequence[Hashable] | None = None,
    ) -> States:
        """Return the states of all rows, in their order, computed without gradients; row i under `adapters[i]`.

        `lower` holds the mean states at `cut`, which is the base's own unless given. What a row gets does not depend
        on the others beyond rounding (below 1e-5); rows of one owner (or of no owners) that are equal share the layers
        that nobody adapts. The tensors may be trained on.
        """
        cut = self.cut if cut is None else cut
        sharing = share_rows([row.ids for row in rows], adapters, owners, cut)
        distinct, begun = [rows[place] for place in sharing.lower], sharing.above
        length = max((len(row) for row in rows), default=0) if reads_tokens else 0
        lower = torch.zeros(len(distinct), self.hidden_size, device=self.device)
        pooled = torch.zeros(len(sharing.upper), self.hidden_size, device=self.device)
        tokens = torch.zeros(len(sharing.upper), length, self.hidden_size, device=self.device)
        with torch.inference_mode():
            for places in self.batches(distinct):
                batch = self.batch([distinct[place] for place in places])
                above = [begun[place] for place in places]
                uppers = list(chain.from_iterable(above))
                deep = _deep([adapters[sharing.lower[place]] for place in places] if adapters else [], cut)
                own = [adapters[sharing.upper[place]] for place in uppers] if adapters else []
                with self.adapted(deep):
                    hidden = self.lower(batch, cut)
                lower[torch.tensor(places, device=self.device)] = pool(hidden, batch.attention)
                hidden, attention = _spread(hidden, batch.attention, list(map(len, above)))
                with self.adapted(own):
                    hidden = self.upper(hidden, attention, cut)
                self.work.add(batch, len(uppers))
                where = torch.tensor(uppers, device=self.device)
                pooled[where] = pool(hidden, attention)
                if reads_tokens:
                    tokens[where, : hidden.shape[1]] = _without_padding(hidden, attention)
        mask, offsets = text_tokens(rows if reads_tokens else (), len(rows), length, self.device)
        if len(distinct) < len(rows):
            ends = torch.tensor(sharing.end, device=self.device)
            pooled, tokens = pooled[ends], tokens[ends]
            lower = lower[torch.tensor([sharing.start[end] for end in sharing.end], device=self.device)]
        return States(pooled=pooled, tokens=tokens, mask=mask, offsets=offsets, lower=lower)

    def read(
        self, batch: TokenBatch, hidden: Tensor, *, lower: Tensor | None = None, reads_tokens: bool = False
    ) -> States:
        """Return the states of one batch whose last layer gave `hidden`; carries gradients (for training).

        `lower` are the mean states at the cut, where the head reads them.
        """
        count, length = len(batch.rows), batch.ids.shape[1] if reads_tokens else 0
        mask, offsets = text_tokens(batch.rows if reads_tokens else (), count, length, self.device)
        tokens = _without_padding(hidden, batch.attention)[:, :length]
        return States(pooled=pool(hidden, batch.attention), tokens=tokens, mask=mask, offsets=offsets, lower=lower)

    @contextmanager
    def adapted(self, adapters: Sequence[LoraTensors | None]) -> Iterator[None]:
        """Compute under `adapters`, one a row of the batch in hand (an empty sequence means none at all)."""
        with self._slot.holding(plan_rows(adapters, self.device)):
            yield

    def check_adapter(self, adapter: LoraTensors) -> None:
        """Raise `DataError` unless the adapter fits the layers of this base model."""
        check_fit(adapter, self.linears)

    def check_cut(self, cut: int | None) -> None:
        """Raise `DataError` unless this base model has a layer number `cut` to read."""
        if cut is not None and not 0 <= cut <= self.layers:
            raise DataError(
                f"adapter refused: its head reads layer {cut}, base {self.base.name} has {self.layers}",
                code="bad_adapter",
            )

    @property
    def cut(self) -> int:
        """The layers that stay frozen: what lies below is the same for every adapter of this installation."""
        return min(self.base.frozen_layers, self.layers - 1)

    def _through(self, hidden: Tensor, attention: Tensor, start: int, until: int) -> Tensor:
        # None lets attention take its faster path; a broadcast mask gives the same result as transformers' expanded one
        mask = None if bool(attention.all()) else attention[:, None, None, :]
        for layer in self._layer_list()[start:until]:
            hidden = layer(hidden, mask)
        return hidden

    def _layer_list(self) -> nn.ModuleList:
        return cast(nn.ModuleList, self.model.get_submodule("encoder.layer"))


def choose_device(device: Device) -> torch.device:
    """Return where tensors live: `auto` is a GPU where there is one; raises `BadSettings` for one that is not there."""
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise BadSettings("PODION_DEVICE=cuda: torch sees no GPU on this machine; set auto or cpu")
    return torch.device("cuda" if available and device != "cpu" else "cpu")


def pool(hidden: Tensor, attention: Tensor) -> Tensor:
    """Return the mean over all attended tokens, special ones included, [rows, hidden] in fp32."""
    weights = attention.to(hidden.dtype)[:, :, None]
    return ((hidden * weights).sum(1) / weights.sum(1)).float()


def _deep(adapters: Sequence[LoraTensors | None], cut: int) -> list[LoraTensors | None]:
    """Those adapters that reach below the cut, None in the place of others; nothing where none does."""
    found = [adapter if adapter is not None and adapter.lowest_layer < cut else None for adapter in adapters]
    return found if any(adapter is not None for adapter in found) else []


def _spread(hidden: Tensor, attention: Tensor, counts: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Each row as often as `counts` says: once for every adapter that goes on from it."""
    if all(count == 1 for count in counts):
        return hidden, attention
    times = torch.tensor(counts, device=hidden.device)
    return hidden.repeat_interleave(times, dim=0), attention.repeat_interleave(times, dim=0)


def _without_padding(hidden: Tensor, attention: Tensor) -> Tensor:
    """States of padding depend on who else is in the batch: a head must never see them."""
    return hidden * attention.to(hidden.dtype)[:, :, None]


def text_tokens(rows: Sequence[TokenRow], count: int, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return `mask` [count, length] (true for tokens of the text itself) and `offsets` [count, length, 2]."""
    offsets = torch.zeros(count, length, 2, dtype=torch.long)
    for place, row in enumerate(rows):
        offsets[place, : len(row)] = torch.tensor(row.offsets)
    offsets = offsets.to(device)
    return offsets[:, :, 1] > offsets[:, :, 0], offsets


def _offsets_in(text: str, offsets: Sequence[tuple[int, int]], special: Sequence[int], before: int) -> Offsets:
    """Offsets of the text as sent: without the prefix, and without the spaces that some tokenizers count in."""
    found: list[tuple[int, int]] = []
    for (first, last), is_special in zip(offsets, special, strict=True):
        start, end = max(0, first - before), last - before
        if is_special or end <= start:
            found.append((0, 0))
            continue
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        found.append((start, end) if start < end else (0, 0))
    return tuple(found)
