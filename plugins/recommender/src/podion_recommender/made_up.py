"""A made-up shop in English and Chinese, and customers whose next item can be learned: what the samples are written by.

Each shelf has an order in which things are usually bought (a tent, then a mat, then a stove); a customer mostly follows
it, sometimes jumps, sometimes changes the shelf. Seeded: the same seed gives the same shop and the same customers.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from podion import Language

SEED = 2026
BEGIN = datetime(2025, 1, 6, 8, tzinfo=UTC)

SHELVES: Mapping[str, tuple[str, Sequence[tuple[str, str, int]]]] = {
    "camping": ("露营", (
        ("two-person tent", "双人帐篷", 139), ("sleeping mat", "防潮垫", 39), ("down sleeping bag", "羽绒睡袋", 119),
        ("gas stove", "便携气炉", 45), ("pot set", "户外锅具套装", 35), ("head torch", "头灯", 29),
        ("water filter", "净水器", 49), ("folding chair", "折叠椅", 55), ("camping lantern", "露营灯", 32),
        ("dry bag", "防水袋", 19),
    )),
    "running": ("跑步", (
        ("road running shoes", "公路跑鞋", 99), ("running socks", "跑步袜", 12), ("running shorts", "跑步短裤", 35),
        ("breathable running shirt", "速干跑步衫", 29), ("hydration belt", "跑步水壶腰带", 25),
        ("heart rate strap", "心率带", 59),
        ("reflective vest", "反光背心", 22), ("trail running shoes", "越野跑鞋", 119),
        ("running jacket", "跑步风衣", 79),
        ("foam roller", "泡沫轴", 24),
    )),
    "coffee": ("咖啡", (
        ("hand grinder", "手摇磨豆机", 65), ("pour-over dripper", "手冲滤杯", 18), ("paper filters", "咖啡滤纸", 6),
        ("gooseneck kettle", "细口手冲壶", 55), ("coffee scale", "咖啡电子秤", 39),
        ("single-origin beans", "单品咖啡豆", 16),
        ("milk frother", "奶泡器", 27), ("espresso cups", "浓缩咖啡杯", 21), ("cold brew bottle", "冷萃壶", 31),
        ("bean canister", "咖啡豆密封罐", 23),
    )),
    "baking": ("烘焙", (
        ("stand mixer", "厨师机", 219), ("dough scraper", "面团刮板", 7), ("proofing basket", "发酵篮", 19),
        ("bread flour", "高筋面粉", 5), ("dry yeast", "干酵母", 3), ("baking stone", "烘焙石板", 42),
        ("oven thermometer", "烤箱温度计", 15), ("cake tin", "蛋糕模具", 17), ("piping bags", "裱花袋", 9),
        ("cooling rack", "晾网", 14),
    )),
    "garden": ("园艺", (
        ("raised bed", "种植箱", 89), ("potting soil", "营养土", 12), ("tomato seeds", "番茄种子", 4),
        ("watering can", "浇水壶", 24), ("plant stakes", "植物支架", 11), ("garden gloves", "园艺手套", 13),
        ("pruning shears", "修枝剪", 29), ("compost bin", "堆肥箱", 69), ("drip irrigation kit", "滴灌套装", 47),
        ("greenhouse film", "温室薄膜", 38),
    )),
    "photography": ("摄影", (
        ("mirrorless camera", "微单相机", 899), ("50 mm lens", "50毫米定焦镜头", 249), ("memory card", "存储卡", 29),
        ("camera bag", "相机包", 79), ("travel tripod", "旅行三脚架", 129), ("polarising filter", "偏振镜", 45),
        ("spare battery", "备用电池", 35), ("lens cloth", "镜头布", 6), ("external flash", "外置闪光灯", 159),
        ("photo printer", "照片打印机", 189),
    )),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Items and what customers did with them, as the routes take both."""

    items: Sequence[dict[str, Any]]
    interactions: Sequence[dict[str, Any]]

    def visits(self) -> list[dict[str, Any]]:
        """Return the rows that `next_item` learns from: who took what, and when."""
        return [
            {"user_id": act["user_id"], "item_id": act["item_id"], "timestamp": act["at"]} for act in self.interactions
        ]


def item_id(shelf: str, place: int, language: Language) -> str:
    """Return the id of a made-up item."""
    return f"{shelf}-{place:02}-{language}"


def items() -> list[dict[str, Any]]:
    """Return every item of the shop, in both languages."""
    made = []
    for shelf, (shelf_zh, products) in SHELVES.items():
        for place, (english, chinese, price) in enumerate(products):
            created = (BEGIN - timedelta(days=200 - 3 * place)).isoformat()
            same = {"price": float(price), "created_at": created}
            made.append(
                {
                    "item_id": item_id(shelf, place, "en"),
                    "title": english.capitalize(),
                    "category": shelf,
                    "text": f"A {english} for everybody who likes {shelf}, tested by our own staff.",
                    "tags": [shelf, "bestseller" if place < 3 else "accessory"],
                    **same,
                }
            )
            made.append(
                {
                    "item_id": item_id(shelf, place, "zh"),
                    "title": chinese,
                    "category": shelf_zh,
                    "text": f"为{shelf_zh}爱好者准备的{chinese}，由本店员工亲自测试。",
                    "tags": [shelf_zh, "热销" if place < 3 else "配件"],
                    **same,
                }
            )
    return made  # fmt: skip


def shop(customers: int = 160, steps: int = 12, seed: int = SEED) -> Shop:
    """Return a shop and what its customers did, in order of time."""
    chance = random.Random(seed)
    acts: list[dict[str, Any]] = []
    for number in range(customers):
        language: Language = "zh" if number % 2 else "en"
        at = BEGIN + timedelta(minutes=chance.randrange(60 * 24 * 40))
        for shelf, place in _walk(chance, steps):
            at += timedelta(minutes=chance.randrange(5, 2_880))
            acts.append(
                {
                    "event_id": f"made-{seed}-{number}-{len(acts)}",
                    "user_id": f"user-{number:04}",
                    "item_id": item_id(shelf, place, language),
                    "kind": chance.choice(("click", "click", "cart", "purchase", "like")),
                    "at": at.isoformat(),
                }
            )
    acts.sort(key=lambda act: act["at"])
    return Shop(items=items(), interactions=acts)


def _walk(chance: random.Random, steps: int) -> list[tuple[str, int]]:
    """Return the (shelf, place) that a customer goes through, none twice: four in five follow the shelf's order."""
    shelves = list(SHELVES)
    shelf, place = chance.choice(shelves), chance.randrange(4)
    taken: list[tuple[str, int]] = []
    while len(taken) < steps:
        most = len(SHELVES[shelf][1])
        if (shelf, place) not in taken:
            taken.append((shelf, place))
        luck = chance.random()
        if luck < 0.8 and place + 1 < most:
            place += 1
        elif luck < 0.9:
            place = chance.randrange(most)
        else:
            shelf, place = chance.choice(shelves), chance.randrange(4)
    return taken


def write_samples(folder: Path) -> None:
    """Write `sample.jsonl` (visits) and `sample_items.jsonl` (the catalogue of these)."""
    made = shop()
    for name, rows in (("sample.jsonl", made.visits()), ("sample_items.jsonl", made.items)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / name).write_text(lines, encoding="utf-8")
