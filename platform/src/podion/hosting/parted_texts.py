"""How a tokenizer reads a text that holds two: as a pair, the base model's own separator between them. No torch."""

from tokenizers import Encoding

from podion.head_kinds import PARTED

TokenizerInput = str | tuple[str, str]


def tokenizer_input(text: str, before: str = "") -> TokenizerInput:
    """Return what a tokenizer is given for a text with the base's prefix before it; both parts where there are two.

    Of a pair that is too long, a tokenizer cuts the longer part until both are equal: neither vanishes.
    """
    first, mark, second = text.partition(PARTED)
    return (before + first, second) if mark else before + text


def shifts_of(text: str, encoding: Encoding, before: str = "") -> list[int]:
    """Return what makes each token's offsets, in what the tokenizer was given, offsets in `text` when added."""
    second = text.find(PARTED) + 1
    if not second:
        return [-len(before)] * len(encoding.ids)
    return [second if part == 1 else -len(before) for part in encoding.sequence_ids]
