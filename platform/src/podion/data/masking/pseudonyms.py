"""Names in place of personal values: equal for equal values of one tenant, different for another tenant's."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256

from podion.data.masking.view import view_of

_LENGTH = 12
_COUNTRY_CODES = (("+86", 3), ("0086", 4), ("86-", 3), ("+1", 2))


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """Makes one tenant's pseudonyms. Without the secret nobody can try values out."""

    secret: bytes = field(repr=False)

    def of(self, kind: str, value: str) -> str:
        """Return 12 hexadecimal digits, at least one of them a letter, for a value however it is written."""
        attempt = 0
        while True:
            message = f"{kind}\0{_canonical(kind, value)}\0{attempt}".encode("utf-8", "surrogatepass")
            name = hmac.new(self.secret, message, sha256).hexdigest()[:_LENGTH]
            if not name.isdecimal():  # digits alone could be taken for a phone number when the text is read again
                return name
            attempt += 1


def tenant_pseudonym(installation_secret: bytes, tenant: str) -> Pseudonym:
    """Return the pseudonyms of a tenant, under a secret of its own that is derived from the installation's."""
    return Pseudonym(hmac.new(installation_secret, f"masking\0{tenant}".encode(), sha256).digest())


def _canonical(kind: str, value: str) -> str:
    """Return a value without what differs between ways to write it: width, case, separators, a country's code."""
    plain = view_of(value).plain.casefold()
    if kind == "email":
        return plain
    if kind == "phone":
        for code, length in _COUNTRY_CODES:
            plain = plain[length:] if plain.startswith(code) else plain
        return "".join(filter(str.isalnum, plain)).lstrip("0")
    return "".join(filter(str.isalnum, plain))
