"""Words that exist in English and in Chinese, and which of the two a person writes."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["en", "zh"]

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN_WORD = re.compile(r"(?<![A-Za-z0-9-])[A-Za-z]{2,}(?![A-Za-z0-9-])")


class Wording(BaseModel):
    """The same words in English and in Chinese."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1, max_length=1_000)
    zh: str = Field(min_length=1, max_length=1_000)

    def said_in(self, language: Language) -> str:
        """Return the words in one language."""
        return self.zh if language == "zh" else self.en


def language_of(text: str) -> Language | None:
    """Return the language of a text; None where it says nothing, as an order number.

    Who writes any Chinese reads Chinese: `return怎么操作` is Chinese with an English word in it.
    """
    if _CHINESE.search(text):
        return "zh"
    return "en" if _LATIN_WORD.search(text) else None
