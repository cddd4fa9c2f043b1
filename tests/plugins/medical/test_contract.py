"""Medical keeps the contract that every plugin keeps."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from podion.testing import VerticalContract


class TestContract(VerticalContract):
    plugin = "medical"
    examples: ClassVar[Mapping[str, Sequence[Mapping[str, Any]]]] = {
        "risk": [{"glucose": 148, "body_mass_index": 33.6, "label": "1"}, {"glucose": 85, "body_mass_index": 22.1}],
        "entities": [{"text": "fever and cough"}],
        "relations": [
            {
                "text": "aspirin 75mg for pain",
                "entities": [
                    {"id": "T1", "start": 0, "end": 7, "label": "drug"},
                    {"id": "T2", "start": 8, "end": 12, "label": "dose"},
                    {"id": "T3", "start": 17, "end": 21, "label": "problem"},
                ],
                "label": [
                    {"head": "T1", "tail": "T2", "label": "dose"},
                    {"head": "T1", "tail": "T3", "label": "reason"},
                ],
            }
        ],
    }
