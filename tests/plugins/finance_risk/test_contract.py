"""Financial risk keeps the contract that every plugin keeps."""

from podion.testing import VerticalContract


class TestContract(VerticalContract):
    plugin = "finance_risk"
