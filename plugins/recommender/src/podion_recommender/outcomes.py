"""What users did about the lists that they were shown: written onto the slates as acts come in, each once."""

from collections.abc import Iterable, Mapping

from podion_recommender.interactions import Interaction
from podion_recommender.slates import Shown, Slate


def with_outcomes(slates: Mapping[str, Slate], acts: Iterable[Interaction]) -> list[Slate]:
    """Return the slates that acts change, each with what was done about its items.

    An act counts where its slate holds the item and was the same user's, or nobody's. What it says of the position is
    not believed: the slate knows better. A kind counts once an item and slate, as a share of places is told and not of
    clicks.
    """
    changed: dict[str, Slate] = {}
    for act in acts:
        slate = None if act.slate_id is None else changed.get(act.slate_id) or slates.get(act.slate_id)
        if slate is None or slate.user_id not in (None, act.user_id):
            continue
        items = [_with(shown, act) for shown in slate.items]
        if items != slate.items:
            changed[slate.id] = slate.model_copy(update={"items": items})
    return list(changed.values())


def _with(shown: Shown, act: Interaction) -> Shown:
    if shown.item_id != act.item_id or act.kind in shown.outcomes:
        return shown
    return shown.model_copy(update={"outcomes": [*shown.outcomes, act.kind]})
