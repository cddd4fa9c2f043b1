"""Which words and character sequences stand in one of two texts alone: what parts questions that sound alike."""

from collections.abc import Sequence

import numpy as np

from podion.head_kinds import PARTED
from podion.nn.word_sequences import Sequences, mix_bits, sequences_in

_FIRST, _SECOND = 1, 2
_SIDES = {_FIRST: np.uint64(0x632BE59BD9B4E019), _SECOND: np.uint64(0xE220A8397B1DCDAF)}
_EITHER = np.uint64(0x6E789E6AA1B965F4)


def differences_in(texts: Sequence[str]) -> Sequences:
    """Return what stands in one part alone of texts that are parted in two, once for each.

    Each such sequence has two keys: one that says in which part it stands, and one that does not, so that what was
    seen one way round serves the other, too. In a text that is not parted, all stands in the first.
    """
    parts = [text.partition(PARTED) for text in texts]
    found = [sequences_in([part[place] for part in parts]) for place in (0, 2)]
    rows, keys = (np.concatenate([getattr(one, name) for one in found]) for name in ("rows", "keys"))
    sides = np.repeat([_FIRST, _SECOND], [len(one.keys) for one in found])
    order = np.lexsort((keys, rows))
    rows, keys, sides = rows[order], keys[order].view(np.uint64), sides[order]
    begins = np.flatnonzero(np.concatenate([[True], (rows[1:] != rows[:-1]) | (keys[1:] != keys[:-1])]))
    begins = begins[: len(rows)]  # of nothing, nothing begins
    standing = np.bitwise_or.reduceat(sides, begins) if len(begins) else sides
    own_rows, own_keys = [], []
    for side, mark in _SIDES.items():
        alone = begins[standing == side]
        own_rows += [rows[alone], rows[alone]]
        own_keys += [mix_bits(keys[alone] ^ mark), mix_bits(keys[alone] ^ _EITHER)]
    return Sequences(np.concatenate(own_rows), np.concatenate(own_keys).view(np.int64))
