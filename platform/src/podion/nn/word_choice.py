"""Which words and character sequences of the training texts a head counts. No torch."""

from collections.abc import Sequence

import numpy as np

from podion.nn.word_counts import Reading, Vocabulary
from podion.nn.word_sequences import sequences_in

MOST_WEIGHTS = 600_000
"""Words times labels: the more labels, the fewer words, so that an adapter stays a few megabytes."""

_CHUNK = 2_000
_MOST_TEXTS = 50_000
_MOST_KEYS = 20_000_000


def choose_words(texts: Sequence[str], labels: int, seed: int, reading: Reading = sequences_in) -> Vocabulary:
    """Return the sequences that stand in two texts or more, the most frequent ones where those are too many.

    Labels play no part, so that a text may be judged by a head whose words were also chosen from it. Of more than
    50,000 texts, so many are drawn by the seed. Rarity is the smoothed logarithm of the inverse share of texts.
    """
    chosen: Sequence[str] = texts
    if len(texts) > _MOST_TEXTS:
        drawn = np.random.default_rng(seed).choice(len(texts), _MOST_TEXTS, replace=False)
        chosen = [texts[place] for place in np.sort(drawn).tolist()]
    keys, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for first in range(0, len(chosen), _CHUNK):
        own = _texts_with(chosen[first : first + _CHUNK], reading)
        keys, places = np.unique(np.concatenate([keys, own[0]]), return_inverse=True)
        counts = np.bincount(places, weights=np.concatenate([counts, own[1]])).astype(np.int64)
        if len(keys) > _MOST_KEYS:
            keys, counts = keys[counts > 1], counts[counts > 1]
    kept = np.flatnonzero(counts > 1)
    most = max(1, MOST_WEIGHTS // max(1, labels))
    if len(kept) > most:
        kept = np.sort(kept[np.lexsort((keys[kept], -counts[kept]))[:most]])
    rarity = np.log((1 + len(chosen)) / (1 + counts[kept])) + 1
    return Vocabulary(keys[kept], rarity.astype(np.float32))


def _texts_with(texts: Sequence[str], reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """Each sequence in these texts, and in how many of them it stands."""
    found = reading(texts)
    order = np.lexsort((found.rows, found.keys))
    keys, rows = found.keys[order], found.rows[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
    return np.unique(keys[new], return_counts=True)
