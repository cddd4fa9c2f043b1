"""International bank account numbers in a text."""

import re
from collections.abc import Iterator, Mapping

from podion.data.masking.checksums import is_iban
from podion.data.masking.found import Found

_LENGTHS: Mapping[str, int] = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "QA": 29,
    "RO": 24, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26, "UA": 29,
}  # fmt: skip
_HINT = re.compile("[A-Za-z]{2}[0-9]{2}[ -]?[0-9A-Za-z]")
_START = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_LENGTHS)})[0-9]{{2}}(?=[ -]?[A-Za-z0-9])", re.IGNORECASE)


def accounts(plain: str) -> Iterator[Found]:
    """Yield the account numbers of a text in its plain form whose check digits are right."""
    if _HINT.search(plain) is None:
        return
    for match in _START.finditer(plain):
        taken, at = match.group().upper(), match.end()
        length = _LENGTHS[taken[:2]]
        while len(taken) < length and at < len(plain):
            if plain[at] in " -" and plain[at - 1] not in " -":
                at += 1
                continue
            if not (plain[at].isascii() and plain[at].isalnum()):
                break
            taken += plain[at].upper()
            at += 1
        ends = at == len(plain) or not (plain[at].isascii() and plain[at].isalnum())
        if len(taken) == length and ends and is_iban(taken):
            yield Found("iban", match.start(), at)
