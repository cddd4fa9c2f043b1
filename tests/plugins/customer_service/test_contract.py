"""Customer service keeps the contract that every plugin keeps."""

from podion.testing import VerticalContract


class TestContract(VerticalContract):
    plugin = "customer_service"
