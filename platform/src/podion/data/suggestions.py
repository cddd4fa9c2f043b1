"""Did you mean: the known word that an unknown one was probably meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 80


class Suggestions:
    """Looks for the nearest known word, as long as its patience lasts: a file may hold a million misspelt words."""

    def __init__(self, patience: int = 200) -> None:
        self._patience = patience

    def closest(self, word: str, known: Iterable[str]) -> str | None:
        """Return the known word most like `word`, upper and lower case being the same, or None."""
        if self._patience <= 0 or len(word) > _LONGEST:
            return None
        self._patience -= 1
        folded = {name.casefold(): name for name in known if len(name) <= _LONGEST}
        found = get_close_matches(word.casefold(), folded, n=1, cutoff=0.7)
        return folded[found[0]] if found else None

    def question(self, word: str, known: Iterable[str]) -> str:
        """Return `; did you mean 'x'?`, or nothing where no known word is near."""
        found = self.closest(word, known)
        return f"; did you mean {found!r}?" if found else ""
