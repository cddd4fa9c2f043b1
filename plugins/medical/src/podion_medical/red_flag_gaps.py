"""Parts that the wordings of red flags are made of: gaps inside a clause, inability, small numbers."""

from collections.abc import Mapping

Phrases = Mapping[str, tuple[str, str]]
"""By the name of what is meant: (English, Chinese) patterns."""

EN = r"[^.;!?\n]"
ZH = r"[^，。；！？,;\n]"
CANNOT = (
    r"(?:ca(?:n't|nnot|n not)|couldn't|could not|unable to|won't|will not|not able to|struggling to"
    r"|struggles to|barely)"
)
NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|several)"
