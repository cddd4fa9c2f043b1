"""What a base model's tokenizer can read, without torch: so that a tenant is told at upload."""

from collections.abc import Sequence

from tokenizers import Tokenizer

from podion.errors import DataError
from podion.hosting.base_card import InstalledBase
from podion.hosting.parted_texts import tokenizer_input

_UNKNOWN = ("[UNK]", "<unk>")


class Reader:
    """The tokenizer of an installed base."""

    def __init__(self, base: InstalledBase) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(base.path / "tokenizer.json"))
        except Exception as error:  # the library raises plain Exception for a malformed file
            raise DataError(
                f"base model {base.name}: tokenizer.json cannot be read: {error}", code="bad_base"
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(base.max_tokens)
        self._unknown = {self._tokenizer.token_to_id(token) for token in _UNKNOWN} - {None}

    def unknown_share(self, texts: Sequence[str]) -> float:
        """Return the share of tokens that stand for something the base model does not know, 0 to 1.

        Special tokens do not count. Of a base whose tokenizer has no unknown token (bytes), it is 0.
        """
        encodings = self._tokenizer.encode_batch([tokenizer_input(text) for text in texts], add_special_tokens=False)
        ids = [token for encoding in encodings for token in encoding.ids]
        return sum(token in self._unknown for token in ids) / len(ids) if ids else 0.0

    def count(self, texts: Sequence[str], prefix: str = "") -> int:
        """Return how many tokens the base reads of these texts, each cut at its `max_tokens`, special ones included."""
        encodings = self._tokenizer.encode_batch([tokenizer_input(text, prefix) for text in texts])
        return sum(len(encoding.ids) for encoding in encodings)
