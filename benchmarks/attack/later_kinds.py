"""Kinds of objects of medicine and of recommendation, as those of `world.py`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attack.world import Owner

Row = dict[str, Any]

CLINIC, SHOP = "/v1/medical", "/v1/recommender"
SERVICE, USER = "medical-triage", "visitor-1"
_AT = "2025-01-06T09:00:00Z"


PREFETCHED: Row = {
    "patient": {"resourceType": "Patient", "gender": "male", "birthDate": "1964-05-02"},
    "encounter": {
        "resourceType": "Encounter", "status": "arrived", "class": {"code": "EMER"},
        "reasonCode": [{"text": "Crushing chest pain for an hour"}],
    },
    "vitals": {"resourceType": "Bundle", "type": "searchset", "entry": []},
}  # fmt: skip
"""What the service of triage asks to be sent with a call."""


def intents(word: str, count: int = 12) -> list[Row]:
    """Return medical questions with `word` in each text."""
    return [
        {"text": f"{text} {word} {n}", "label": label}
        for n in range(count // 2)
        for label, text in (("treatment", "how is it treated"), ("cause", "why does it hurt"))
    ]


def visits(word: str, count: int = 12) -> list[Row]:
    """Return acts of a few users in order of time, `word` in each item's name."""
    return [{"user_id": f"u{n % 3}", "item_id": f"i{n % 5}-{word}", "timestamp": n} for n in range(count)]


def items(word: str, count: int = 4) -> list[Row]:
    """Return items with `word` in ids and titles."""
    return [
        {"item_id": f"i{n}-{word}", "title": f"Shoe {n} {word}", "category": "shoes", "tags": [word]}
        for n in range(count)
    ]


def acted(word: str) -> Row:
    """Return one purchase of the first of `items`."""
    return {"event_id": f"e-{word}", "user_id": USER, "item_id": f"i0-{word}", "kind": "purchase", "at": _AT}


def ward(owner: "Owner") -> dict[str, str]:
    """Make a note, a guideline, a suggestion on a case, and records of questions."""
    word = owner.canary
    body = owner.jsonl(intents(word))
    dataset = owner.call("POST", f"{CLINIC}/datasets", 201, params={"task": "question_intent"}, content=body)["id"]
    note = owner.call("POST", f"{CLINIC}/notes", 201, json={"text": f"Chest pain and no fever, says {word}."})["id"]
    guideline = {"id": f"g-{word}", "title": word, "text": f"Give aspirin at once, says {word}.", "version": word}
    owner.call("POST", f"{CLINIC}/guidelines", 201, json=guideline)
    case = {"complaint": f"crushing chest pain and sweating, {word}", "age": 61}
    suggestion = owner.call("POST", f"{CLINIC}/triage", 200, json=case)["id"]
    call = {
        "hook": "encounter-start",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": word, "encounterId": word},
        "prefetch": PREFETCHED,
    }
    cards = owner.call("POST", f"/cds-services/{SERVICE}", 200, json=call)["cards"]
    return {
        "card": cards[0]["uuid"],
        "medical:dataset": dataset,
        "medical:extends": dataset,
        "note": note,
        "guideline": guideline["id"],
        "suggestion": suggestion,
        "service": SERVICE,
    }


def shop(owner: "Owner") -> dict[str, str]:
    """Make items, a user who bought one, a rule, an experiment, and records of visits."""
    word = owner.canary
    body = owner.jsonl(visits(word))
    dataset = owner.call("POST", f"{SHOP}/datasets", 201, params={"task": "next_item"}, content=body)["id"]
    owner.call("POST", f"{SHOP}/items", 200, json={"items": items(word)})
    owner.call("POST", f"{SHOP}/users", 200, json={"users": [{"user_id": USER, "attributes": {"city": word}}]})
    owner.call("POST", f"{SHOP}/interactions", 200, json={"interactions": [acted(word)]})
    rule = owner.call("POST", f"{SHOP}/rules", 201, json={"name": word, "action": "boost", "tags": [word]})["id"]
    arms = [{"name": "control", "share": 0.5}, {"name": word, "share": 0.5, "diversity": 0.5}]
    trial = owner.call("POST", f"{SHOP}/experiments", 201, json={"name": word, "arms": arms})["id"]
    report = owner.call("POST", f"{SHOP}/offline-eval", 202, json={})["id"]
    owner.call("GET", f"{SHOP}/recommendations/{USER}", 200)
    return {
        "recommender:dataset": dataset,
        "recommender:extends": dataset,
        "items.item_id": f"i1-{word}",
        "recommender:rule": rule,
        "experiment": trial,
        "offline-eval.report_id": report,
    }


KINDS = [ward, shop]
