"""The kit that a plugin author's tests inherit: `from podion.testing import VerticalContract`."""

from podion.testing.contract import VerticalContract

__all__ = ["VerticalContract"]
