"""Which groups of digits are a phone number: China, the USA, the United Kingdom, and any with a country code."""

import re

from phonenumbers import NumberParseException, PhoneNumberType, is_possible_number, is_valid_number, number_type, parse

Sizes = tuple[int, ...]

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(?:(10|2[0-9])[2-8][0-9]{7}|(?!80)([3-9][0-9]{2})[2-8][0-9]{6,7})")
_MOBILE_SIZES = frozenset({(11,), (3, 4, 4), (4, 4, 3), (3, 3, 5), (3, 5, 3), (3, 8), (7, 4), (1,) * 11})
_AMERICAN = re.compile(r"[2-9][0-9]{2}[2-9][0-9]{6}")
_BRITISH = re.compile(r"(?:07[1-9]|020|01[1-9])[0-9]{8}")
_BRITISH_SIZES = frozenset({(5, 6), (5, 3, 3), (3, 4, 4), (3, 8), (4, 3, 4), (11,)})
_LOCAL_SIZES = frozenset({(8,), (7,), (4, 4), (3, 4), (4, 3)})
_COMPANY = frozenset(
    {PhoneNumberType.TOLL_FREE, PhoneNumberType.SHARED_COST, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.UAN}
)

_CUE = re.compile(
    r"(?:phone|mobile|cell|tel|telephone|whatsapp|call|ring|text me|reach me|my number|contact)(?:'s)?"
    r"(?: (?:number|no|me|is|at|on|under)\b\.?){0,3} ?[:#]? ?\Z",
    re.IGNORECASE,
)
_CUE_WINDOW = 40


def is_phone(number: str, sizes: Sizes, international: bool) -> bool:
    """Return whether groups of digits of these sizes are a person's phone number.

    `international` says that a plus stands before them. A company's free number is no person's.
    """
    for code in ("0086", "86"):
        trunk = "0" if international or code == "0086" or len(sizes) > 1 else ""
        if number.startswith(code) and _chinese(trunk, number[len(code) :], _without(sizes, len(code))):
            return True
    if international:
        return not number.startswith("86") and _foreign(number)
    return _domestic(number, sizes) or (
        number.startswith("00") and sizes[0] > 2 and _foreign(number[2:], assigned=True)
    )


def is_announced(plain: str, start: int) -> bool:
    """Return whether the words right before `start` say that a phone number comes."""
    return _CUE.search(plain[max(0, start - _CUE_WINDOW) : start]) is not None


def is_bare_american(number: str) -> bool:
    """Return whether ten digits are an American number, which without its dashes only words tell."""
    return _AMERICAN.fullmatch(number) is not None and _foreign("1" + number, assigned=True)


def _domestic(number: str, sizes: Sizes) -> bool:
    if number[0] == "0" and _BRITISH.fullmatch(number) and sizes in _BRITISH_SIZES:
        return True
    if _chinese("", number, sizes):
        return True
    if number[0] == "1" and len(number) == 11:
        number, sizes = number[1:], _without(sizes, 1)
        return sizes == (3, 3, 4) and is_bare_american(number)
    return sizes in ((3, 3, 4), (3, 7)) and is_bare_american(number)


def _chinese(trunk: str, number: str, sizes: Sizes) -> bool:
    """Return whether this is a mobile number, or a landline; `trunk` is the 0 that a country code has swallowed."""
    if not sizes:
        return False
    if _MOBILE.fullmatch(number):
        return sizes in _MOBILE_SIZES
    if trunk and number[0] != "0":
        number, sizes = trunk + number, (sizes[0] + 1, *sizes[1:])
    match = _LANDLINE.fullmatch(number, 1) if number.startswith("0") else None
    if match is None:
        return False
    area = 1 + len(match.group(1) or match.group(2))
    return len(sizes) == 1 or (sizes[0] == area and sizes[1:] in _LOCAL_SIZES)


def _foreign(number: str, *, assigned: bool = False) -> bool:
    """Return whether digits after a plus are a person's number; `assigned` asks that the range has been given out."""
    if not 8 <= len(number) <= 15:
        return False
    try:
        parsed = parse(f"+{number}")
    except NumberParseException:
        return False
    right = is_valid_number(parsed) if assigned else is_possible_number(parsed)
    return right and number_type(parsed) not in _COMPANY


def _without(sizes: Sizes, digits: int) -> Sizes:
    """Return the sizes of what is left after the first digits; nothing where these end inside a later group."""
    if sizes[0] == digits:
        return sizes[1:]
    return (sizes[0] - digits, *sizes[1:]) if sizes[0] > digits else ()
