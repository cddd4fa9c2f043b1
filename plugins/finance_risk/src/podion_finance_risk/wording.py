"""Words that exist in English and in Chinese."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["en", "zh"]


class Wording(BaseModel):
    """The same words in English and in Chinese."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1, max_length=1_000)
    zh: str = Field(min_length=1, max_length=1_000)

    def said_in(self, language: Language) -> str:
        """Return the words in one language."""
        return self.zh if language == "zh" else self.en
