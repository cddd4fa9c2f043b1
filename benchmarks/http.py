"""The product over HTTP with 64 tenants, on the machine it shares with its load: goodput, cost, fairness, overload.

    python benchmarks/http.py [--quick] [--only FIELD…] [--rounds 7] [--seconds 5] [--threads 2] [--json FILE]

The product runs with PODION_QUICK_WAIT_SECONDS=0: nobody may wait long, others are refused (as it comes, it lets wait
up to 0.25 s). Each tenant has a LoRA adapter (r=8, query and value, all layers) and a head of 8 to 77 labels; texts are
BANKING77's, none twice for a tenant within 26,000. Everything is on this machine and takes turns, round after round;
servers whose turn it is not are stopped. What each figure means:

goodput_vs_naive, goodput_vs_best_peer
    Goodput is the rate of answers (200) within 4 times the same server's own median latency with one client, at the
    number of closed-loop clients (up to 64) with the highest rate whose p99 keeps that limit. A client that is refused
    waits as `Retry-After` says, at most 1.5 s. Ratios are medians over rounds. The plain rate at 64 clients and the
    answers in time among them are in the details, for every server, with their ratios.
idle_overhead_ms
    Median latency of one request at a time, less the engine's own median for such texts in this process.
http_cost_us
    CPU of the API process an answer, 16 clients, less the same of a bare ASGI echo with as many bytes.
noisy_neighbour
    Tenant B's p99 while tenant A sends 50 times as much, which is twice the capacity, over B's p99 alone. A refusal of
    B counts as 999 s.
overload_*
    Open loop, Poisson, latency from the moment a request was meant to be sent. Capacity is the highest closed-loop rate
    of answers; unloaded p99 is the same open loop at a tenth of it. `overload_refusal_ms` is p99 of 429 and 503.

The peers (LitServe, BentoML, infinity-emb with torch and with its ONNX int8) serve the base alone, batching, with the
same number of threads, in environments of their own that the first full run builds in .bench/. LitServe's and BentoML's
answers are as large as ours; infinity's is a whole vector (2.2 KB), and its ONNX Runtime takes every core by itself.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
elsewhere = [place for place in sys.path if Path(place).resolve() != HERE]

if __name__ == "http":
    # Another script of this folder asked for the standard library's package, and this folder came first.
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("http", elsewhere)
    assert spec is not None and spec.loader is not None
    sys.modules["http"] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules["http"])
elif __name__ == "__main__":
    sys.path[:] = [*elsewhere, str(HERE)]  # last, not first: `http` is the standard library's
    from http_bench.report import main

    sys.exit(main(__doc__ or ""))
