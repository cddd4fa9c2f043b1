"""Whether a mention says that something is there. Pure.

`english_assertion` and `chinese_assertion` read the sentence, `sections` the heading that a mention stands under.
"""

from typing import Literal, cast

from podion import Language, Span
from podion_medical import chinese_assertion, english_assertion
from podion_medical.sections import section_at

Assertion = Literal["present", "absent", "possible", "historical", "family"]

_UNDER: dict[str, Assertion] = {"family_history": "family", "past_history": "historical"}
_READERS = {"en": english_assertion.readings, "zh": chinese_assertion.readings}


def assertion_of(text: str, span: Span, language: Language) -> Assertion:
    """Return whether what a span names is present, absent, possible, historical, or of the family.

    Absent counts before all else ("no family history of"). Under a heading of family or past history a mention that
    its own sentence says nothing else of is the family's, or past.
    """
    said = next(_READERS[language](text, span.start, span.end), None)
    if said is None or said in ("possible", "historical"):
        under = _UNDER.get(section_at(text, span.start))
        said = under if under == "family" else said or under
    return cast(Assertion, said or "present")
