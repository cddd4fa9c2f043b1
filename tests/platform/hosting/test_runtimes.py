from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from podion.errors import BadSettings
from podion.hosting.bases import InstalledBase
from podion.hosting.encoder import Encoder
from podion.hosting.runtimes import check_runtime, native_runtimes, product
from podion.settings import Runtime

CPU, GPU = torch.device("cpu"), torch.device("cuda")
NARROW: list[Runtime] = [runtime for runtime in native_runtimes(CPU) if runtime != "fp32"]


def linear(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    return torch.randn(40, 64), torch.randn(96, 64) / 8, torch.randn(96)


@pytest.mark.parametrize("runtime", NARROW)
def test_a_narrow_product_is_near_the_wide_one(runtime: Runtime) -> None:
    rows, weight, bias = linear()
    found, wide = product(runtime, weight, bias)(rows), functional.linear(rows, weight, bias)
    assert found.dtype is torch.float32
    assert 1e-5 < (found - wide).norm() / wide.norm() < 0.02


@pytest.mark.parametrize("runtime", NARROW)
def test_a_row_has_the_same_result_beside_any_other(runtime: Runtime) -> None:
    rows, weight, bias = linear()
    times = product(runtime, weight, bias)
    loud = torch.cat([rows[:1], rows[1:] * 1_000])
    assert torch.equal(times(rows)[0], times(loud)[0])
    assert (times(rows)[0] - times(rows[:1])[0]).abs().max() < 1e-5


@pytest.mark.parametrize("runtime", NARROW)
def test_rows_of_zeros_give_the_bias(runtime: Runtime) -> None:
    _, weight, bias = linear()
    found = product(runtime, weight, bias)(torch.zeros(2, 64))
    assert (found - bias).abs().max() < (0.02 if runtime == "bf16" else 1e-6)


@pytest.mark.parametrize("runtime", NARROW)
def test_gradients_pass_the_rounding(runtime: Runtime) -> None:
    rows, weight, bias = linear()
    rows.requires_grad_()
    product(runtime, weight, bias)(rows).sum().backward()
    assert rows.grad is not None
    wide = weight.sum(0).expand_as(rows)
    assert (rows.grad - wide).norm() / wide.norm() < 0.02


def test_what_a_processor_would_emulate_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    check_runtime("fp32", CPU)
    for runtime, needs in (("int8", "AVX-512 VNNI"), ("bf16", "AMX")):
        with pytest.raises(
            BadSettings, match=f"PODION_RUNTIME={runtime} needs .*{needs}.* Fast on this processor: fp32"
        ):
            check_runtime(runtime, CPU)  # type: ignore[arg-type]
    check_runtime("bf16", GPU)
    with pytest.raises(BadSettings, match="Fast on this GPU: fp32, bf16"):
        check_runtime("int8", GPU)


def test_a_runtime_has_its_own_fingerprint(tiny: InstalledBase) -> None:
    prints = {runtime: tiny.computed_by(runtime).fingerprint for runtime in ("fp32", "int8", "bf16")}
    assert len(set(prints.values())) == 3
    assert prints["fp32"] == tiny.fingerprint
    with pytest.raises(ValueError, match="computed by int8 already"):
        tiny.computed_by("int8").computed_by("bf16")


@pytest.mark.parametrize("runtime", NARROW)
def test_states_of_a_narrow_runtime_point_the_same_way(
    encoders: dict[str, Encoder], runtime: Runtime, lora_files: Callable[..., object]
) -> None:
    texts = ["the card was lost", "hello", "please refund my money now", "in a bank"]
    wide, narrow = (encoders[name].states(encoders[name].tokenise(texts)).pooled for name in ("fp32", runtime))
    assert functional.cosine_similarity(wide, narrow).min() > 0.995
    assert not torch.equal(wide, narrow)
