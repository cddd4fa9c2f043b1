"""A base model ready to compute: texts to token rows, token rows to states, whole or cut at a layer.

One encoder is one compute thread's: its methods are not called at the same time.
"""

from collections.abc import Hashable, Sequence
from typing import cast

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from podion.errors import BadSettings, DataError
from podion.hosting.adapter_pool import AdapterPool, PooledAdapter
from podion.hosting.backbone import Backbone
from podion.hosting.base_card import InstalledBase
from podion.hosting.base_loading import load_model, load_tokenizer
from podion.hosting.bert import Bert
from podion.hosting.parted_texts import shifts_of, tokenizer_input
from podion.hosting.runtimes import check_runtime
from podion.hosting.shared_pass import Asked, SharedPass, Work
from podion.hosting.sharing import share_rows
from podion.hosting.silent_rows import SILENT, among_silent, says_nothing, silent_states, speaking
from podion.hosting.state_cache import StateCache
from podion.hosting.token_rows import Offsets, PackedRows, TokenRow, pack_rows
from podion.nn import States
from podion.settings import Device


class Encoder:
    """A base model, frozen and in evaluation mode; made by `Encoder.load`."""

    def __init__(
        self,
        base: InstalledBase,
        model: Bert,
        tokenizer: Tokenizer,
        device: torch.device,
        adapter_bytes: int = 0,
    ) -> None:
        self.base = base
        self.model = model
        self.device = device
        self.hidden_size: int = model.config.hidden_size
        self.layers: int = model.config.num_hidden_layers
        self.work = Work()
        self._tokenizer = tokenizer
        self._backbone = Backbone(model, base.runtime)
        self.pool = AdapterPool(self._backbone.linears, device, adapter_bytes)

    @classmethod
    def load(
        cls, base: InstalledBase, *, device: Device = "auto", threads: int = 1, adapter_bytes: int = 0
    ) -> "Encoder":
        """Return the encoder of an installed base on `device`, by the runtime that the base was opened for.

        With `adapter_bytes`, the pool makes ready for about as many bytes of adapters.

        Raises `DataError` for an architecture that is not served or weights that do not fill it, `BadSettings` for a
        device that is not there or a runtime that it would emulate.
        """
        where = choose_device(device)
        check_runtime(base.runtime, where)
        torch.set_num_threads(threads)
        model = load_model(base.path)
        cast(nn.Module, model).to(where)
        return cls(base, model, load_tokenizer(base, model), where, adapter_bytes)

    def tokenise(self, texts: Sequence[str], *, prefix: str | None = None, with_offsets: bool = True) -> list[TokenRow]:
        """Return one row a text, the base's prefix before it (or `prefix`), cut at the base's `max_tokens`.

        A text that says nothing has no tokens, not even the prefix's. Offsets cost more than the tokens themselves:
        rows whose tokens no head reads do without. A text that is parted in two (`podion.head_kinds.PARTED`) is read as
        a pair, the prefix before the first.
        """
        before = self.base.prefix if prefix is None else prefix
        rows = [SILENT] * len(texts)
        said = [place for place, text in enumerate(texts) if not says_nothing(text)]
        asked = [tokenizer_input(texts[place], before) for place in said]
        encodings = self._tokenizer.encode_batch(asked) if asked else []
        for place, encoding in zip(said, encodings, strict=True):
            offsets: Offsets = ()
            if with_offsets:
                shifts = shifts_of(texts[place], encoding, before)
                offsets = _offsets_in(texts[place], encoding.offsets, encoding.special_tokens_mask, shifts)
            rows[place] = TokenRow(tuple(encoding.ids), offsets)
        return rows

    def pack(self, rows: Sequence[TokenRow]) -> PackedRows:
        """Return the rows packed in their order, on the encoder's device."""
        return pack_rows(rows, self.device)

    def lower(self, rows: PackedRows, until: int) -> Tensor:
        """Return what the embeddings and the first `until` layers make of the rows, [tokens, hidden]."""
        return self._backbone.through(self._backbone.embed(rows), rows, 0, until)

    def upper(self, hidden: Tensor, rows: PackedRows, start: int, until: int | None = None) -> Tensor:
        """Return what the layers from `start` on (up to `until`) make of `hidden`, [tokens, hidden].

        `upper(lower(rows, n), rows, n)` is the whole model, for every n. Layers that PEFT has wrapped work and carry
        gradients.
        """
        return self._backbone.through(hidden, rows, start, self.layers if until is None else until)

    def states(
        self,
        rows: Sequence[TokenRow],
        *,
        adapters: Sequence[PooledAdapter | None] | None = None,
        reads_tokens: bool | Sequence[bool] = False,
        cut: int | None = None,
        owners: Sequence[Hashable] | None = None,
        cache: StateCache | None = None,
    ) -> States:
        """Return the states of all rows, in their order, computed without gradients; row i under `adapters[i]`.

        Rows that do not read tokens have none, and empty masks. `lower` holds the mean states at `cut`, which is the
        base's own unless given. What a row gets does not depend on the others beyond rounding (below 1e-5); rows of one
        owner (or of no owners) that are equal share the layers that nobody adapts, also with those that `cache` has.
        Rows without tokens are not computed: their states are zeros. The tensors may be trained on.
        """
        cut = self.cut if cut is None else cut
        chosen = [None] * len(rows) if adapters is None else adapters
        reads = [reads_tokens] * len(rows) if isinstance(reads_tokens, bool) else reads_tokens
        said = speaking(rows)
        if not said:
            return silent_states(len(rows), self.hidden_size, self.device)
        if len(said) < len(rows):
            found = self.states(
                [rows[place] for place in said],
                adapters=[chosen[place] for place in said],
                reads_tokens=[reads[place] for place in said],
                cut=cut,
                owners=None if owners is None else [owners[place] for place in said],
                cache=cache,
            )
            return among_silent(found, said, len(rows))
        sharing = share_rows([row.ids for row in rows], chosen, owners, cut)
        asked = Asked(
            rows=rows, adapters=chosen, reads_tokens=reads, sharing=sharing, cut=cut, owners=owners, cache=cache
        )
        with torch.inference_mode():
            endings = SharedPass(self._backbone, self.device, self.work, asked).endings()
        ends = [endings[end] for end in sharing.end]
        own = [ending.tokens if reading else None for ending, reading in zip(ends, reads, strict=True)]
        tokens, mask, offsets = self._tokens(rows, own)
        return States(
            pooled=self._stacked([ending.last for ending in ends]),
            tokens=tokens,
            mask=mask,
            offsets=offsets,
            lower=self._stacked([ending.lower for ending in ends]),
        )

    def read(
        self,
        rows: Sequence[TokenRow],
        packed: PackedRows,
        hidden: Tensor,
        *,
        lower: Tensor | None = None,
        reads_tokens: bool = False,
    ) -> States:
        """Return the states of rows whose last layer gave `hidden` [tokens, hidden]; carries gradients, for training.

        `lower` are the mean states at the cut, where the head reads them.
        """
        tokens, mask, offsets = self._tokens(rows, packed.split(hidden) if reads_tokens else [None] * len(rows))
        return States(pooled=packed.mean(hidden), tokens=tokens, mask=mask, offsets=offsets, lower=lower)

    def _stacked(self, vectors: Sequence[Tensor]) -> Tensor:
        """Vectors as one tensor [rows, hidden] that may be trained on, though they were computed without gradients."""
        return torch.stack(list(vectors)) if vectors else torch.zeros(0, self.hidden_size, device=self.device)

    def _tokens(self, rows: Sequence[TokenRow], tokens: Sequence[Tensor | None]) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens, mask and offsets for heads that mark stretches: every row as long as the longest that has tokens."""
        length = max((len(own) for own in tokens if own is not None), default=0)
        if not length:
            nothing = torch.zeros(len(rows), 0, dtype=torch.long, device=self.device)
            return (
                torch.zeros(len(rows), 0, self.hidden_size, device=self.device),
                nothing > 0,
                torch.zeros(len(rows), 0, 2, dtype=torch.long, device=self.device),
            )
        none = torch.zeros(0, self.hidden_size, device=self.device)
        each = [none if own is None else own for own in tokens]
        padded = [functional.pad(own, (0, 0, 0, length - len(own))) for own in each]
        offsets = torch.zeros(len(rows), length, 2, dtype=torch.long)
        for place, (row, own) in enumerate(zip(rows, tokens, strict=True)):
            if own is not None and row.ids:
                offsets[place, : len(row)] = torch.tensor(row.offsets)
        offsets = offsets.to(self.device)
        return torch.stack(padded), offsets[:, :, 1] > offsets[:, :, 0], offsets

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


def choose_device(device: Device) -> torch.device:
    """Return where tensors live: `auto` is a GPU where there is one; raises `BadSettings` for one that is not there."""
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise BadSettings("PODION_DEVICE=cuda: torch sees no GPU on this machine; set auto or cpu")
    return torch.device("cuda" if available and device != "cpu" else "cpu")


def _offsets_in(
    text: str, offsets: Sequence[tuple[int, int]], special: Sequence[int], shifts: Sequence[int]
) -> Offsets:
    """Offsets of the text as sent: without the prefix, and without the spaces that some tokenizers count in."""
    found: list[tuple[int, int]] = []
    for (first, last), is_special, shift in zip(offsets, special, shifts, strict=True):
        start, end = max(0, first + shift), last + shift
        if is_special or end <= start:
            found.append((0, 0))
            continue
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        found.append((start, end) if start < end else (0, 0))
    return tuple(found)
