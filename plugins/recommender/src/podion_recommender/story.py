"""A shop's story, told over HTTP by `podion demo --vertical recommender`: from an empty shelf to an experiment."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from podion import Teller, Unavailable
from podion_recommender.made_up import Shop, shop

CUSTOMERS, STEPS = 120, 10
VISITORS, VISITS = 50, 2
_AT_ONCE = 500
_PATIENCE = 60.0
_EARLY = 0.85
_CLICKED = 3
_NEW = {
    "item_id": "camping-new",
    "title": "Ultralight titanium camping stove",
    "text": "A folding gas stove for cooking in the tent's porch, 48 g.",
    "category": "camping",
    "tags": ["camping"],
    "price": 59.0,
}

Row = dict[str, Any]


def tell(teller: Teller) -> None:
    """Tell it: a catalogue, lists before and after training, what one purchase changes, a new item, an experiment."""
    made = shop(CUSTOMERS, STEPS)
    _stock(teller, made)
    user, other = (str(made.interactions[place]["user_id"]) for place in (-1, 0))
    _before_training(teller, user)
    _learn(teller, made)
    _react(teller, user)
    _new_item(teller)
    _without_persons(teller, user, other)
    _experiment(teller, made)


def _stock(teller: Teller, made: Shop) -> None:
    for start in range(0, len(made.items), _AT_ONCE):
        teller.post("/items", {"items": made.items[start : start + _AT_ONCE]})
    began = time.monotonic()
    for start in range(0, len(made.interactions), _AT_ONCE):
        teller.post("/interactions", {"interactions": made.interactions[start : start + _AT_ONCE]})
    seconds = time.monotonic() - began
    teller.say(
        "shop",
        f"{len(made.items)} items in English and Chinese, {len(made.interactions)} acts of {CUSTOMERS} customers taken "
        f"in at {len(made.interactions) / seconds:,.0f} a second",
        items=len(made.items),
        interactions=len(made.interactions),
    )


def _before_training(teller: Teller, user: str) -> None:
    popular = teller.get("/popular", n=3)["data"]
    slate = teller.get(f"/recommendations/{user}", n=5)
    first = slate["items"][0]
    words = teller.post("/recommendations:session", {"events": [], "context": "帐篷和睡袋", "n": 3})["items"]
    teller.say(
        "at once",
        f"nothing is trained ({slate['fallback']}): popular is {popular[0]['title']!r}, a known customer gets "
        f"{first['title']!r} ({_because(first)}), and who asks for 帐篷和睡袋 gets {_titles(words)}",
        fallback=slate["fallback"],
    )


def _learn(teller: Teller, made: Shop) -> None:
    """Train on what happened before a day, and judge by what happened from then on."""
    visits = made.visits()
    early = visits[: int(_EARLY * len(visits))]
    cut = visits[len(early)]["timestamp"]
    run = teller.run("next_item", teller.upload("next_item", early)["id"], "head")
    teller.deploy("next_item", run["adapter"])
    asked = {"protocol": "time_cut", "cut": cut, "learned_until": cut, "users": CUSTOMERS}
    report = _waited(teller, f"/offline-eval/{teller.post('/offline-eval', asked)['id']}")
    told = {model["model"]: model for model in report["models"]}
    mine, popular = (told[name]["metrics"]["ndcg@10"] for name in ("next_item", "popularity"))
    low, high = told["next_item"]["against_popularity"]
    teller.say(
        "next item",
        f"learned from {len(early)} visits before {cut[:10]}, asked what {report['rows']} customers took from then on "
        f"out of all {report['items']} items: NDCG@10 {mine:.3f}, popularity {popular:.3f}, so "
        f"{mine - popular:+.3f} [{low:+.3f}, {high:+.3f}]; adapter {run['adapter'][:8]} serves",
        ndcg={name: round(model["metrics"]["ndcg@10"], 4) for name, model in told.items()},
    )
    teller.chart(
        f"NDCG@10 over the whole catalogue, of what was taken from {cut[:10]} on",
        sorted(((name, model["metrics"]["ndcg@10"]) for name, model in told.items()), key=lambda bar: -bar[1]),
    )


def _react(teller: Teller, user: str) -> None:
    before = teller.get(f"/recommendations/{user}", n=10)
    bought, hidden = (before["items"][place]["item_id"] for place in (0, 1))
    acts = [
        _act(before, user, item, kind, number)
        for number, (item, kind) in enumerate(((bought, "purchase"), (hidden, "hide")))
    ]
    began = time.monotonic()
    teller.post("/interactions", {"interactions": acts})
    after = teller.get(f"/recommendations/{user}", n=10)
    seconds = time.monotonic() - began
    names = [[each["item_id"] for each in slate["items"]] for slate in (before, after)]
    whole = teller.get(f"/recommendations/{user}", n=200)["items"]
    returned = sum(each["item_id"] in (bought, hidden) for each in whole)
    teller.say(
        "a purchase",
        f"{bought} is bought and {hidden} hidden: {seconds:.2f} s later {len(set(names[1]) - set(names[0]))} of 10 "
        f"places are new, {_because(after['items'][0])!r}; of all {len(whole)} items that are left, "
        f"{returned} are those two",
        returned=returned,
        model_spoke=before["adapter"] is not None,
    )


def _new_item(teller: Teller) -> None:
    teller.post("/items", {"items": [_NEW]})
    asked = {"events": [], "context": "a light stove to cook on in the tent", "n": 5}
    found = [each["item_id"] for each in teller.post("/recommendations:session", asked)["items"]]
    similar = [each["item_id"] for each in teller.get(f"/items/{_NEW['item_id']}/similar", n=3)["data"]]
    place = found.index(_NEW["item_id"]) + 1 if _NEW["item_id"] in found else None
    teller.say(
        "a new item",
        f"{_NEW['title']!r} is seconds old and nobody took it: it stands at place {place} for who asks for a light "
        f"stove, and is like {', '.join(similar)}",
        cold_place=place,
    )


def _without_persons(teller: Teller, user: str, other: str) -> None:
    lists = [teller.get(f"/recommendations/{name}", n=10, personalized="false") for name in (user, other)]
    teller.say(
        "without persons",
        f"asked for, lists are not personalised ({lists[0]['fallback']}): two customers get what is popular, less what "
        "each has had",
        personalized=any(each["personalized"] for each in lists),
    )


def _experiment(teller: Teller, made: Shop) -> None:
    """Try personal lists against popular ones on customers who click what is of the shelf that they were at last."""
    arms = [{"name": "popular", "share": 0.5, "personalized": False}, {"name": "personal", "share": 0.5}]
    experiment = teller.post("/experiments", {"name": "personal or popular", "arms": arms})
    wanted = {str(act["user_id"]): _shelf(str(act["item_id"])) for act in made.interactions}
    for visit in range(VISITS):
        acts: list[Row] = []
        for user in sorted(wanted)[:VISITORS]:
            slate = teller.get(f"/recommendations/{user}", n=10)
            liked = [each["item_id"] for each in slate["items"] if _shelf(each["item_id"]) == wanted[user]]
            acts += [_act(slate, user, item, "click", 9 * visit + n) for n, item in enumerate(liked[:_CLICKED])]
        teller.post("/interactions", {"interactions": acts})
    told = teller.post(f"/experiments/{experiment['id']}:stop")
    report = teller.get(f"/experiments/{told['id']}")
    popular, personal = report["arms"]
    apart = personal["against"]["ctr"]
    teller.say(
        "experiment",
        f"{popular['users']} customers saw popular lists, {personal['users']} personal ones (sample ratio p = "
        f"{report['sample_ratio']['p_value'] or 1:.2f}): clicks a place {popular['ctr']['value']:.3f} and "
        f"{personal['ctr']['value']:.3f}, {apart['value']:+.3f} [{apart['low']:+.3f}, {apart['high']:+.3f}]: "
        f"{personal['verdict']}",
        verdict=personal["verdict"],
    )
    value = teller.get("/off-policy")["policies"][0]
    told_value = value["refused"] or (
        f"{value['snips']['value']:.3f} clicks a place, {value['logged']['value']:.3f} with it"
    )
    teller.say("off policy", f"the same lists without the share of chance: {told_value}")


def _waited(teller: Teller, path: str) -> Row:
    """Return a report once it is done; raises `Unavailable` for one that is not within a minute."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        report = teller.get(path)
        if report["state"] == "done":
            return report
        if report["state"] == "failed":
            raise Unavailable(f"the evaluation failed: {report['problem']}")
        time.sleep(0.2)
    raise Unavailable(f"the evaluation was not done within {_PATIENCE:g} s")


def _act(slate: Row, user: str, item: str, kind: str, number: int) -> Row:
    position = next(each["position"] for each in slate["items"] if each["item_id"] == item)
    return {
        "event_id": f"story-{user}-{kind}-{number}",
        "user_id": user,
        "item_id": item,
        "kind": kind,
        "at": datetime.now(UTC).isoformat(),
        "slate_id": slate["slate_id"],
        "position": position,
    }


def _shelf(item: str) -> tuple[str, str]:
    """Return a made-up item's shelf and language."""
    shelf, _, language = item.split("-")[:3] if item.count("-") > 1 else (item, "", "")
    return shelf, language


def _because(item: Row) -> str:
    return str(item["reasons"][0]["wording"]["en"]) if item["reasons"] else str(item["source"])


def _titles(items: Sequence[Row]) -> str:
    return ", ".join(str(each["title"]) for each in items)
