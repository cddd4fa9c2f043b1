"""One mixed batch of many tenants: against the base alone, and against PEFT's ways to serve it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from podion.settings import Runtime

from .limits import encoder_operations, limits
from .ours import Found, Ours
from .peers import Peft
from .report import Figure
from .rounds import Seconds, Side, interleaved, over, spread
from .world import ALL_LINEAR, HIDDEN, INNER, LAYERS, QUERY_VALUE, Adapter, Shape, write_many

ROWS, TENANTS = 64, 42
Rows = list[tuple[Adapter, str]]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all of these measurements share."""

    bases: Path
    base: str
    runtime: Runtime
    texts: Sequence[str]
    folder: Path
    rounds: int


def rows_of(adapters: Sequence[Adapter], texts: Sequence[str], number: int) -> Rows:
    """Return 64 rows of round `number`: other texts in every round, the tenants in turn."""
    chosen = [texts[(number * ROWS + place) % len(texts)] for place in range(ROWS)]
    return [(adapters[place % len(adapters)], text) for place, text in enumerate(chosen)]


def mixed_over_base(setting: Setting) -> list[Figure]:
    """What adapters and heads cost on top of the base, by the runtime that is served and by fp32."""
    figures = []
    for runtime in dict.fromkeys(("fp32", setting.runtime)):
        for name, targets, most in (
            ("mixed_over_base", QUERY_VALUE, 1.10),
            ("mixed_over_base_all_linear", ALL_LINEAR, 1.25),
        ):
            ours = Ours(setting.bases, setting.base, runtime)
            adapters = write_many(setting.folder / f"{name}-{runtime}", ours.base, TENANTS, Shape(targets=targets))
            rows = [rows_of(adapters, setting.texts, number) for number in range(setting.rounds + 1)]
            sides: dict[str, Side] = {
                "mixed": partial(_mixed, ours, rows),
                "base": partial(_texts_alone, ours, rows),
            }
            found = interleaved(sides, setting.rounds)
            if targets is QUERY_VALUE:
                figures.append(_independence(ours, rows[0], runtime))
            figures.append(
                Figure(
                    name if runtime == "fp32" else f"{name}_{runtime}",
                    over(found["mixed"], found["base"]),
                    most=most,
                    behind=_behind(found, spread(found["mixed"], found["base"])),
                )
            )
    return figures


def fraction_of_matmul(setting: Setting) -> Figure:
    """How much of a large matmul's speed the fp32 path reaches, counting only what the texts need."""
    ours = Ours(setting.bases, setting.base, "fp32")
    several = [[text for _, text in _plain(setting.texts, number)] for number in range(setting.rounds + 1)]
    before = limits(setting.rounds)
    found = interleaved({"base": lambda number: ours.alone(several[number])}, setting.rounds)
    after = limits(setting.rounds)
    best = {name: max(before[name], after[name]) for name in before}
    speeds = [
        encoder_operations(ours.lengths(texts), layers=LAYERS, hidden=HIDDEN, inner=INNER) / seconds / 1e9
        for texts, seconds in zip(several[1:], found["base"].cpu, strict=True)
    ]
    large = best["matmul_gflops_2048x2048x2048"]
    behind = {**best, "path_gflops": median(speeds), **_behind(found, [min(speeds) / large, max(speeds) / large])}
    return Figure("fp32_fraction_of_matmul", median(speeds) / large, least=0.60, behind=behind)


def int8_speed(setting: Setting) -> Figure:
    """The int8 path against the fp32 path, the base alone."""
    sides = {runtime: Ours(setting.bases, setting.base, runtime) for runtime in ("fp32", "int8")}
    several = [[text for _, text in _plain(setting.texts, number)] for number in range(setting.rounds + 1)]
    found = interleaved({name: partial(_alone, side, several) for name, side in sides.items()}, setting.rounds)
    ratio = over(found["fp32"], found["int8"])
    return Figure("speedup_int8_vs_fp32", ratio, least=2.0, behind=_behind(found, spread(found["fp32"], found["int8"])))


def against_peft(setting: Setting) -> list[Figure]:
    """PEFT's mixed batch and its switching against our pass, on the same rows; answers are held against each other."""
    exact = Ours(setting.bases, setting.base, "fp32")
    adapters = write_many(setting.folder / "peft-fp32", exact.base, TENANTS, Shape())
    peer = Peft(exact.base, adapters)
    rows = [rows_of(adapters, setting.texts, number) for number in range(setting.rounds + 1)]
    sides: dict[str, Side] = {
        "fp32": lambda number: exact.answer(rows[number]),
        **{f"peft mixed {count}": partial(_peer_mixed, peer, rows, count) for count in (1, 2, 4)},
        "peft switched": lambda number: peer.switched(rows[number]),
    }
    served = exact
    theirs = {id(adapter): adapter for adapter in adapters}
    if setting.runtime != "fp32":
        served = Ours(setting.bases, setting.base, setting.runtime)
        copies = write_many(setting.folder / "peft-served", served.base, TENANTS, Shape())
        theirs = {id(one): other for one, other in zip(adapters, copies, strict=True)}
        own_rows = [[(theirs[id(adapter)], text) for adapter, text in some] for some in rows]
        sides[setting.runtime] = lambda number: served.answer(own_rows[number])
    agreement: dict[str, dict[str, float]] = {
        "fp32": _agreement(exact.answer(rows[0]), peer.mixed(rows[0], 1), peer.switched(rows[0])),
        setting.runtime: _agreement(
            served.answer([(theirs[id(adapter)], text) for adapter, text in rows[0]]), peer.mixed(rows[0], 1)
        ),
    }
    found = interleaved(sides, setting.rounds)
    best = min((name for name in found if name.startswith("peft mixed")), key=lambda name: median(found[name].cpu))
    figures = [Figure("answers_apart_from_peft", agreement["fp32"]["most_apart"], most=1e-4, behind=agreement)]
    for runtime in dict.fromkeys((setting.runtime, "fp32")):
        end = "" if runtime == setting.runtime else f"_{runtime}"
        bounds = (4.0, 15.0) if not end else (None, None)
        for name, side, least in (
            ("speedup_vs_peft_mixed", best, bounds[0]),
            ("speedup_vs_switching", "peft switched", bounds[1]),
        ):
            behind = _behind(found, spread(found[side], found[runtime])) | {"runtime": runtime, "peer": side}
            figures.append(Figure(f"{name}{end}", over(found[side], found[runtime]), least=least, behind=behind))
    figures.append(_cached(setting, peer, adapters, groups=int(best.rsplit(" ", 1)[1])))
    return figures


def _cached(setting: Setting, peer: Peft, adapters: Sequence[Adapter], groups: int) -> Figure:
    """Half of every round's rows were asked before by the same tenants."""
    ours = Ours(setting.bases, setting.base, setting.runtime, state_bytes=1 << 30)
    own = adapters
    if setting.runtime != "fp32":
        own = write_many(setting.folder / "cached", ours.base, TENANTS, Shape())
    again = dict(zip(map(id, adapters), own, strict=True))
    known = rows_of(adapters, setting.texts, 0)[: ROWS // 2]
    ours.answer([(again[id(adapter)], text) for adapter, text in known])
    rows = [known + rows_of(adapters, setting.texts, number + 1)[ROWS // 2 :] for number in range(setting.rounds + 1)]
    sides: dict[str, Side] = {
        "ours": lambda number: ours.answer([(again[id(adapter)], text) for adapter, text in rows[number]]),
        "peft": lambda number: peer.mixed(rows[number], groups),
    }
    found = interleaved(sides, setting.rounds)
    behind = _behind(found, spread(found["peft"], found["ours"])) | {"runtime": setting.runtime}
    return Figure("speedup_vs_peft_mixed_cached", over(found["peft"], found["ours"]), least=6.0, behind=behind)


def _independence(ours: Ours, rows: Rows, runtime: Runtime) -> Figure:
    """Whether a row's answer depends on who else is in the batch: each row alone, against all of them mixed."""
    agreement = _agreement([ours.answer([row])[0] for row in rows], ours.answer(rows))
    if runtime == "fp32":
        return Figure("alone_apart_from_mixed_fp32", agreement["most_apart"], most=1e-5, behind=agreement)
    name = f"alone_agrees_with_mixed_{runtime}"
    return Figure(name, agreement["same_label"], least=0.995, behind=agreement)


def _agreement(ours: Found, *peers: Found) -> dict[str, float]:
    pairs = [(mine, theirs) for peer in peers for mine, theirs in zip(ours, peer, strict=True)]
    same = [(mine, theirs) for mine, theirs in pairs if mine[0] == theirs[0]]
    apart = [abs(mine[1] - theirs[1]) if mine[0] == theirs[0] else 1.0 for mine, theirs in pairs]
    return {"same_label": len(same) / len(pairs), "most_apart": max(apart)}


def _mixed(ours: Ours, rows: Sequence[Rows], number: int) -> Found:
    return ours.answer(rows[number])


def _texts_alone(ours: Ours, rows: Sequence[Rows], number: int) -> object:
    return ours.alone([text for _, text in rows[number]])


def _alone(ours: Ours, several: Sequence[Sequence[str]], number: int) -> object:
    return ours.alone(several[number])


def _peer_mixed(peer: Peft, rows: Sequence[Rows], groups: int, number: int) -> Found:
    return peer.mixed(rows[number], groups)


def _plain(texts: Sequence[str], number: int) -> list[tuple[None, str]]:
    return [(None, texts[(number * ROWS + place) % len(texts)]) for place in range(ROWS)]


def _behind(found: dict[str, Seconds], rounds: list[float]) -> dict[str, Any]:
    return {"rounds": [round(each, 3) for each in rounds], "sides": {name: one.told() for name, one in found.items()}}
