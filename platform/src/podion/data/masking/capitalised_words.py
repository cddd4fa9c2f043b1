"""The capitalised words of a text, and what a lexicon says of each as part of a name."""

import re
import unicodedata
from dataclasses import dataclass

from podion.data.masking.english_name_words import GIVEN_NAMES, NOT_NAMES, SURNAMES

_LETTERS = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_UPPER = "A-Z\u00c0-\u00d6\u00d8-\u00de"
_WORD = re.compile(
    rf"(?<![{_LETTERS}0-9_@'-])[{_UPPER}][{_LETTERS}]{{0,24}}(?:['-][{_LETTERS}]{{1,24}}){{0,3}}(?![0-9_@{_LETTERS}])"
)
_FAMILY_FORM = re.compile("(?:O'|D'|Mc|Mac|Fitz|Van-|Al-|El-|De-|Le-|St-)[A-Z]")
_OF_MEDICINE = re.compile(
    "[a-z](?:itis|osis|emia|aemia|opathy|ectomy|plasty|scopy|algia|uria|ology|graphy|otomy|penia|trophy|plegia|mycin|cillin|pril)s?\\Z"
)
_SHORTEST_SHOUTED = 4


@dataclass(frozen=True, slots=True)
class Word:
    """A capitalised word without its possessive s."""

    text: str
    start: int
    end: int
    low: str
    given: bool
    family: bool
    common: bool

    @property
    def initial(self) -> bool:
        """Whether it is one letter."""
        return len(self.text) == 1

    @property
    def shouted(self) -> bool:
        """Whether it is all capitals."""
        return len(self.text) > 1 and self.text.isupper()

    @property
    def could_be(self) -> bool:
        """Whether nothing speaks against a name: no common word, no short abbreviation."""
        return not self.common and (not self.shouted or len(self.text) >= _SHORTEST_SHOUTED)


def capitalised(plain: str) -> list[Word]:
    """Return the capitalised words of a text, in reading order."""
    return [_word(match.group(), match.start()) for match in _WORD.finditer(plain)]


def _word(text: str, start: int) -> Word:
    if text[-2:] in ("'s", "'S"):
        text = text[:-2]
    low = text.lower() if text.isascii() else _without_accents(text.lower())
    parts = re.split("[-']", low) if "-" in low or "'" in low else [low]
    return Word(
        text=text,
        start=start,
        end=start + len(text),
        low=low,
        given=parts[0] in GIVEN_NAMES or low in GIVEN_NAMES,
        family=low in SURNAMES
        or "".join(parts) in SURNAMES
        or (len(parts) > 1 and any(p in SURNAMES for p in parts))
        or _FAMILY_FORM.match(text) is not None,
        common=_OF_MEDICINE.search(low) is not None
        or (len(low) > 1 and low in NOT_NAMES)
        or (len(parts) > 1 and parts[0] in NOT_NAMES),
    )


def _without_accents(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))
