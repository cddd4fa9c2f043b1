"""What is said when it is urgent, by the name of what is meant, ready to be looked for."""

import re
from collections.abc import Mapping

from podion_medical.red_flag_inner_phrases import INNER
from podion_medical.red_flag_outer_phrases import OUTER

WORDS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(f"{english}|{chinese}".replace("n't", "n['’]?t"), re.IGNORECASE)
    for name, (english, chinese) in {**INNER, **OUTER}.items()
}
"""How each is said in either language; who is in a hurry leaves out apostrophes."""

_SPOKEN = str.maketrans("冇唔咗嘅佢喺係咁", "没不了的他在是这")
"""Characters of Cantonese, and those of the written language that say the same."""


def written(text: str) -> str:
    """Return a text of equal length whose Cantonese words of grammar are those of written Chinese."""
    return text.translate(_SPOKEN)
