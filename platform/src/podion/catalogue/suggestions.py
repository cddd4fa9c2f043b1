"""What someone probably meant by a name that is not there."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(seen: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known name nearest to `seen`, else an empty string."""
    near = get_close_matches(seen.lower(), sorted(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def listed(names: Iterable[str]) -> str:
    """Return the names sorted, with commas between them; "none" when there are none."""
    return ", ".join(sorted(names)) or "none"
