"""A hundred thousand lists, each held against what its user may not be shown at that moment."""

import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from podion_recommender.config import RecommenderSettings
from podion_recommender.ingest import take_in
from podion_recommender.interactions import InteractionDraft
from podion_recommender.rules import Rule
from podion_recommender.schema import Item
from podion_recommender.serving import Wish, recommend
from podion_recommender.shoppers import Shopper
from recommending_bench.memory_tenant import MemoryTenant

ITEMS = 60
USERS = 40
_KINDS = ("click", "click", "cart", "purchase", "hide", "impression")


def _item(number: int, now: datetime, chance: random.Random) -> Item:
    luck = chance.random()
    hours = timedelta(hours=chance.choice((-30, -1, 1, 30)))
    return Item(
        id=f"i{number}",
        title=f"item {number}",
        category=f"c{number % 5}",
        tags=[f"t{number % 3}"],
        created_at=now - timedelta(days=chance.randrange(1, 90)),
        hidden=luck < 0.1,
        valid_from=now + hours if 0.1 < luck < 0.25 else None,
        valid_to=now + hours if 0.2 < luck < 0.35 else None,
    )


async def check(times: int, seed: int = 2026) -> dict[str, Any]:
    """Ask for `times` lists while users buy and hide and the catalogue changes; count what should never be."""
    chance = random.Random(seed)
    settings = RecommenderSettings(exploration=0.2)
    names = [f"i{number}" for number in range(ITEMS)]
    tenant = MemoryTenant(names, settings.model_dump(mode="json"), seed)
    caller: Any = tenant
    began = time.process_time()
    counts = {"slates": 0, "items": 0, "seen": 0, "hidden": 0, "not_valid": 0, "blocked": 0, "twice": 0, "short": 0}
    barred: dict[str, set[str]] = {}
    epoch = 0
    for turn in range(times):
        now = datetime.now(UTC)
        if turn % 2_000 == 0:  # users would otherwise have bought all there is
            epoch += 1
            tenant.store.kept.clear()  # a hundred thousand slates would fill the memory
            barred.clear()
            await tenant.store.put_all([_item(number, now, chance) for number in range(ITEMS)])
            blocks = Rule(id="rul", name="r", action="block", tags=["t1"] if epoch % 2 else [], items=["i7"])
            pins = Rule(id="pin", name="p", action="pin", items=[f"i{chance.randrange(ITEMS)}" for _ in range(3)])
            await tenant.store.put_all([blocks, pins])
        elif turn % 10 == 0:
            await tenant.store.put(_item(chance.randrange(ITEMS), now, chance))
        user = f"u{epoch}-{chance.randrange(USERS)}"
        if turn % 3 == 0:
            act = InteractionDraft(
                event_id=f"e{turn}",
                user_id=user,
                item_id=chance.choice(names),
                kind=chance.choice(_KINDS),
                at=now,
            )
            await take_in(caller, [act])
            if act.kind in ("purchase", "hide"):
                barred.setdefault(user, set()).add(act.item_id)
        visitor = (await tenant.store.get_all(Shopper, [user])).get(user)
        wish = Wish(
            count=chance.choice((1, 5, 10, 40)),
            category=chance.choice((None, None, None, "c2")),
            personalized=chance.random() < 0.8,
            user_id=user,
        )
        slate = await recommend(caller, visitor, wish, settings)
        await _judge(tenant, slate, wish, barred.get(user, set()), counts)
    return {**counts, "cpu_ms_a_slate": round((time.process_time() - began) / times * 1e3, 3)}


async def _judge(tenant: MemoryTenant, slate: Any, wish: Wish, barred: set[str], counts: dict[str, int]) -> None:
    """Hold a slate against the catalogue, by what the documents say and not by the product's own filters."""
    items: dict[str, Item] = tenant.store.kept[Item]
    [rule] = [rule for rule in tenant.store.kept[Rule].values() if rule.action == "block"]
    shown = [each.item_id for each in slate.items]
    blocked = {id for id, item in items.items() if id == "i7" or set(rule.tags) & set(item.tags)}
    valid = {
        id
        for id, item in items.items()
        if (item.valid_from or slate.at) <= slate.at and (item.valid_to is None or slate.at < item.valid_to)
    }
    counts["slates"] += 1
    counts["items"] += len(shown)
    counts["seen"] += sum(id in barred for id in shown)
    counts["hidden"] += sum(items[id].hidden for id in shown)
    counts["not_valid"] += sum(id not in valid for id in shown)
    counts["blocked"] += sum(id in blocked for id in shown)
    counts["twice"] += len(shown) - len(set(shown))
    may = {
        id
        for id, item in items.items()
        if id in valid - blocked - barred and not item.hidden and wish.category in (None, item.category)
    }
    counts["short"] += len(shown) != min(wish.count, len(may))
