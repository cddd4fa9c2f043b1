"""What a recogniser found in a text, and by which names it is called."""

from collections.abc import Mapping
from typing import NamedTuple


class Found(NamedTuple):
    """Something personal: its kind, and its characters in the text as sent, end exclusive."""

    kind: str
    start: int
    end: int


KINDS: Mapping[str, str] = {
    "address": "a postal address",
    "age": "an age over 89",
    "bank_card": "the number of a bank card",
    "date": "a date",
    "email": "an e-mail address",
    "iban": "the number of a bank account",
    "name": "a person's name",
    "national_id": "a national, insurance or passport number",
    "phone": "a phone number",
    "plate": "a number plate",
    "record_number": "the number of a medical record",
    "reference": "a reference to a person",
    "resident_id": "the number of a resident identity card",
    "ssn": "a social security number",
}
"""Every kind that is recognised, and what a person is told of it."""
