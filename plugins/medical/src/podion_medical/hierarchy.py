"""Code systems as hierarchies: which category a code belongs to, and what rare codes are answered by. Pure."""

import re
from collections.abc import Iterable, Mapping

_ICD_10 = re.compile(r"([A-Z]\d[0-9A-Z])(?:[.\-+*†x ]?[0-9A-Z.\-+*†x]*)?")
_ICD_11 = re.compile(r"([0-9A-Z][A-HJ-NP-Z]\d[0-9A-Z])(?:\.[0-9A-Z]+)?")


def category_of(code: str, system: str = "ICD-10") -> str:
    """Return a code's category: of `I21.4` and `I21.400x002` it is `I21`, of `BA41.0` (ICD-11) `BA41`.

    A category is its own; so is what does not look like a code of the system, and every code of a system in which a
    code does not tell its place (SNOMED CT).
    """
    if system.startswith("ICD-10"):
        found = _ICD_10.fullmatch(code.strip())
    elif system == "ICD-11":
        found = _ICD_11.fullmatch(code.strip())
    else:
        found = None
    return found[1] if found else code


def rolled_up(codes: Iterable[str], counts: Mapping[str, int], least: int, system: str = "ICD-10") -> frozenset[str]:
    """Return a record's codes as they can be answered: one that fewer than `least` records have, by its category."""
    return frozenset(code if counts.get(code, 0) >= least else category_of(code, system) for code in codes)
