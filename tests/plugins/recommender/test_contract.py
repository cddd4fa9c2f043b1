"""Recommendation keeps the contract that every plugin keeps."""

from podion.testing import VerticalContract

_ITEMS = [f"item-{number}" for number in range(8)]


class TestContract(VerticalContract):
    plugin = "recommender"
    examples = {  # noqa: RUF012
        "next_item": [
            {
                "user_id": f"u{place}",
                "item_id": item,
                "timestamp": 100.0 + place,
                "past": [
                    {"item_id": _ITEMS[place - 3], "at": 10.0},
                    {"item_id": _ITEMS[place - 1], "at": 20.0 + place},
                ],
            }
            for place, item in enumerate(_ITEMS)
        ]
    }
