import dataclasses
from collections.abc import Callable

import pytest
import torch

from podion.errors import Conflict, NotFound
from podion.hosting.adapter_cache import AdapterCache
from podion.hosting.adapter_files import LoraFiles
from podion.hosting.encoder import Encoder
from podion.hosting.protocol import Call

Maker = Callable[..., Call]


def take(cache: AdapterCache, encoder: Encoder, *calls: Call) -> list[object]:
    with cache.holding() as hold:
        return [hold.take(encoder, call.folder, call.digest) for call in calls]


def test_an_adapter_is_loaded_once_whoever_asks(encoder: Encoder, adapter: Maker) -> None:
    cache, call = AdapterCache(1 << 20), adapter()
    first, same = take(cache, encoder, call, call)
    (again,) = take(cache, encoder, call)
    assert first is same is again
    assert (cache.status()["adapter_loads"], cache.status()["adapter_hits"]) == (1, 2)


def test_the_least_recently_used_goes_first_and_the_budget_holds(encoder: Encoder, adapter: Maker) -> None:
    calls = [adapter(seed=seed) for seed in range(4)]
    (one,) = take(AdapterCache(1 << 20), encoder, calls[0])
    size = one.nbytes  # type: ignore[attr-defined]
    cache = AdapterCache(2 * size)
    for place in (0, 1, 0, 2):
        take(cache, encoder, calls[place])
    assert (len(cache), cache.status()["adapter_bytes"], cache.status()["adapter_evictions"]) == (2, 2 * size, 1)
    take(cache, encoder, calls[0], calls[2])
    assert cache.status()["adapter_loads"] == 3
    take(cache, encoder, calls[1])
    assert cache.status()["adapter_loads"] == 4


def test_what_a_pass_holds_is_not_dropped_under_it(
    encoder: Encoder, adapter: Maker, lora_files: Callable[..., LoraFiles]
) -> None:
    """With room for one adapter, a pass over three of them gets three, and each its own matrices."""
    calls = [adapter(seed=seed, lora=lora_files(seed)) for seed in range(3)]
    rows = encoder.tokenise(["the card was lost"] * 3)
    wide, tight = AdapterCache(1 << 20), AdapterCache(1)
    found = []
    for cache in (wide, tight):
        with cache.holding() as hold:
            taken = [hold.take(encoder, call.folder, call.digest).pooled for call in calls]
            found.append(encoder.states(rows, adapters=taken).pooled)
    assert torch.equal(*found)
    assert not torch.allclose(found[0][0], found[0][1])
    assert len(tight) == 1


def test_never_another_adapter_never_none(encoder: Encoder, adapter: Maker) -> None:
    cache, call = AdapterCache(1 << 20), adapter()
    with cache.holding() as hold:
        with pytest.raises(NotFound):
            hold.take(encoder, call.folder + "-absent", call.digest)
        with pytest.raises(Conflict, match=r"PODION_RUNTIME") as raised:
            hold.take(encoder, adapter(fingerprint="0" * 16).folder, adapter(fingerprint="0" * 16).digest)
        with pytest.raises(Exception, match="it is"):
            hold.take(encoder, call.folder, "f" * 64)
    assert raised.value.code == "fingerprint_mismatch"
    assert len(cache) == 0


def test_one_folder_on_two_bases_is_two_adapters(encoder: Encoder, adapter: Maker) -> None:
    cache, call = AdapterCache(1 << 20), adapter()
    take(cache, encoder, call)
    other = dataclasses.replace(encoder.base, name="another name")
    with cache.holding() as hold:
        hold.take(Encoder(other, encoder.model, encoder._tokenizer, encoder.device), call.folder, call.digest)
    assert len(cache) == 2
