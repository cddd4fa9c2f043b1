"""Whether digits are what they claim to be: check digits, issuers, days of birth."""

from datetime import UTC, date, datetime

from stdnum import luhn
from stdnum.cn import ric
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

_PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)
"""GB/T 2260, and the permits for residents from Hong Kong, Macau and Taiwan."""

_EARLIEST_BIRTH = date(1880, 1, 1)

_ISSUERS: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (340_000, 349_999, (15,)), (370_000, 379_999, (15,)),
    (352_800, 358_999, (16,)),
    (222_100, 272_099, (16,)), (510_000, 559_999, (16,)),
    (601_100, 601_199, (16, 19)), (644_000, 659_999, (16, 19)),
    (620_000, 629_999, (16, 17, 18, 19)), (810_000, 817_199, (16, 19)),
    (400_000, 499_999, (16, 19)), (601_382, 601_382, (19,)), (955_800, 955_999, (16, 19)),
)  # fmt: skip
"""First six digits of the networks (Amex, JCB, Mastercard, Discover, UnionPay, Visa, older Chinese) and lengths."""


def is_resident_id(number: str) -> bool:
    """Return whether 18 characters are a resident identity number (GB 11643).

    The county is not looked up, as `stdnum.cn.ric.validate` does: it knows too few of those that are no more.
    """
    if number[:2] not in _PROVINCES or ric.calc_check_digit(number) != number[17]:
        return False
    try:
        born = ric.get_birth_date(number)
    except ValidationError:
        return False
    return _EARLIEST_BIRTH <= born <= datetime.now(UTC).date()


def is_bank_card(number: str) -> bool:
    """Return whether digits are the number of a bank card: an issuer's, as long as its cards are, Luhn's sum right."""
    prefix = int(number[:6])
    issued = any(low <= prefix <= high and len(number) in lengths for low, high, lengths in _ISSUERS)
    return issued and luhn.checksum(number) == 0


def is_ssn(number: str) -> bool:
    """Return whether nine digits may be an American social security number (its rules; it has no check digit)."""
    return number[:3] not in ("000", "666") and number[0] != "9" and number[3:5] != "00" and number[5:] != "0000"


def is_iban(number: str) -> bool:
    """Return whether an account number's check digits are right (ISO 13616)."""
    return mod_97_10.is_valid(number[4:] + number[:4])
