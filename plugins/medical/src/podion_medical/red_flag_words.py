"""What is said when it is urgent, by the name of what is meant, ready to be looked for."""

import re
from collections.abc import Mapping

from podion_medical.red_flag_harm_phrases import HARM
from podion_medical.red_flag_inner_phrases import INNER
from podion_medical.red_flag_outer_phrases import OUTER

WORDS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(f"{english}|{chinese}".replace("n't", "n['’]?t"), re.IGNORECASE)
    for name, (english, chinese) in {**INNER, **OUTER, **HARM}.items()
}
"""How each is said in either language; who is in a hurry leaves out apostrophes."""
