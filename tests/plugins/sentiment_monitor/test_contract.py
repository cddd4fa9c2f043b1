"""Public-opinion monitoring keeps the contract that every plugin keeps."""

from podion.testing import VerticalContract


class TestContract(VerticalContract):
    plugin = "sentiment_monitor"
    examples = {  # noqa: RUF012
        "entity_sentiment": [
            {
                "text": "Harbour Bank sues Northgate Savings over a data leak",
                "entities": {"Harbour Bank": "neutral", "Northgate Savings": "negative"},
            }
        ],
    }
