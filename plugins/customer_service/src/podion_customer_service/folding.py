"""Texts without what two spellings of the same words may differ in."""

import unicodedata

_ENDS = " \t\r\n.,;:!?。，；：！？、…~～\"'“”‘’()（）"


def folded(text: str) -> str:
    """Return a text without what two spellings of the same words may differ in: width, case, spaces, ends."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("‘", "'")
    return " ".join(plain.split()).strip(_ENDS)
