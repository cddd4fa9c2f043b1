"""The likeliest tags of tokens, of those sequences in which no span goes on that has not begun."""

import torch
from torch import Tensor

OUTSIDE, BEGIN, INSIDE = 0, 1, 2
"""What a token is to a span: the last dimension of a tagger's probabilities."""

_IMPOSSIBLE = -1e9
_LEAST = 1e-12


def likeliest_tags(probabilities: Tensor, mask: Tensor) -> Tensor:
    """Return the likeliest valid tags, [rows, length, labels], of probabilities [rows, length, labels, 3].

    Where the likeliest tag of every token makes a valid sequence, it is that; else Viterbi's. Tokens outside `mask`
    [rows, length] are `OUTSIDE`, and a span goes on across them.
    """
    tags = probabilities.argmax(dim=-1)
    tags[~mask] = OUTSIDE
    for row, label in torch.nonzero(_broken(tags, mask)).tolist():
        places = torch.nonzero(mask[row]).flatten()
        tags[row, places, label] = _viterbi(probabilities[row, places, label])
    return tags


def _broken(tags: Tensor, mask: Tensor) -> Tensor:
    """Which sequences have an inside that follows an outside, [rows, labels]."""
    places = torch.arange(mask.shape[1], device=mask.device)
    latest = torch.where(mask, places, -1).cummax(dim=1).values
    before = _one_before(latest)
    index = before.clamp(min=0).unsqueeze(-1).expand_as(tags)
    previous = torch.where(before.unsqueeze(-1) < 0, OUTSIDE, tags.gather(1, index))
    return ((tags == INSIDE) & (previous == OUTSIDE)).any(dim=1)


def _one_before(latest: Tensor) -> Tensor:
    """Each place's last token of the text before it, -1 where there is none."""
    return torch.cat([torch.full_like(latest[:, :1], -1), latest[:, :-1]], dim=1)


def _viterbi(probabilities: Tensor) -> Tensor:
    """The likeliest valid tags of one sequence, [tokens], of probabilities [tokens, 3]."""
    logs = probabilities.clamp(min=_LEAST).log().double().tolist()
    best = [logs[0][OUTSIDE], logs[0][BEGIN], _IMPOSSIBLE]
    came: list[tuple[int, int, int]] = []
    for outside, begin, inside in logs[1:]:
        any_before = max(range(3), key=best.__getitem__)
        within = BEGIN if best[BEGIN] >= best[INSIDE] else INSIDE
        came.append((any_before, any_before, within))
        best = [best[any_before] + outside, best[any_before] + begin, best[within] + inside]
    path = [max(range(3), key=best.__getitem__)]
    for step in reversed(came):
        path.append(step[path[-1]])
    return torch.tensor(path[::-1], device=probabilities.device)
