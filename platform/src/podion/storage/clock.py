"""The time as rows keep it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time, in UTC and aware of it."""
    return datetime.now(UTC)
