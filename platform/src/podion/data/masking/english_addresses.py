"""Postal addresses as English writes them: a house number, a street, then flat, town, state and postcode."""

import re
from collections.abc import Iterator

from podion.data.masking.found import Found

_PLAIN_ENDS = "street|road|avenue|boulevard|lane|str|st|rd|ave|blvd"
_NAMED_ENDS = (
    "Drive|Court|Terrace|Way|Place|Square|Crescent|Close|Gardens|Grove|Highway"
    "|Parkway|Mews|Row|Hill|Loop|Trail|Circle"
    "|Plaza|Ln|Dr|Ct|Pl|Pkwy"
)
_NAMED_ENDS += "|" + _NAMED_ENDS.upper()
_NUMBER = r"(?<![A-Za-z0-9_.,/$£€¥-])(?<![0-9]:)[0-9]{1,5}[A-Za-z]?"
_SIDE = r"(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? )?"
_STREET = re.compile(
    r"(?:(?:Flat|Apartment|Apt|Unit|Suite|Room)\.? #?[0-9]{1,4}[A-Za-z]?, ?)?"
    rf"{_NUMBER},? {_SIDE}(?:(?:[A-Z][A-Za-z']{{0,20}}\.?|[0-9]{{1,3}}(?:st|nd|rd|th)) ){{1,3}}"
    rf"(?:(?i:{_PLAIN_ENDS})|{_NAMED_ENDS})\b",
    re.ASCII,
)
_SMALL_STREET = re.compile(rf"{_NUMBER} ((?:[a-z']{{2,20}} ){{1,2}})(?:{_PLAIN_ENDS})\b", re.ASCII)
_NOT_A_NAME = re.compile(
    r"\b(?:minutes?|mins?|hours?|days?|weeks?|months?|years?|times?|miles?|km"
    r"|the|an?|of|on|in|at|to|by|for|from|and|or"
    r"|more|other|people|cars?|cards?|bank|percent|star|way|lane|per|each|different|new|old|long|off|along|down|up"
    r"|across|my|your|his|her|our|their|this|that)\b"
)
_HEADLINE = re.compile(r"\b(?:For|And|Of|To|In|On|At|Is|With|From|By|More|Than)\b", re.ASCII)
_WORD = r"[A-Z][A-Za-z.'-]{1,20}"
_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS"
    "|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC"
    "|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC"
)
_FLAT = re.compile(
    r"\.?,? (?:(?i:Apt|Apartment|Flat|Unit|Suite|Ste|Room|Floor)\.? ?#? ?[A-Za-z]?[0-9]{1,4}[A-Za-z]?"
    r"|#[0-9]{1,4}[A-Za-z]?)\b",
    re.ASCII,
)
_TOWN = re.compile(
    rf"\.?,? (?:{_WORD} ){{0,2}}{_WORD},? "
    r"(?:[A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z]{2} (?:[A-Z][0-9]){1,2}"
    rf"[A-Z]? [0-9][A-Z][0-9]|(?<=, )(?:{_STATES}))\b",
    re.ASCII,
)
_HOUSE = re.compile(r"[0-9][A-Za-z]?,? [0-9A-Za-z]")


def english_addresses(plain: str) -> Iterator[Found]:
    """Yield the addresses of a text in its plain form."""
    if _HOUSE.search(plain) is None:
        return
    for match in _STREET.finditer(plain):
        if _HEADLINE.search(match.group()) is None:
            yield _whole(plain, match)
    for match in _SMALL_STREET.finditer(plain):
        if _NOT_A_NAME.search(match.group(1)) is None:
            yield _whole(plain, match)


def _whole(plain: str, street: re.Match[str]) -> Found:
    """Return the address that begins with a street, with what stands after it."""
    end = street.end()
    for part in (_FLAT, _TOWN):
        match = part.match(plain, end)
        end = match.end() if match else end
    return Found("address", street.start(), end)
