"""Which columns heads read, for the challengers beside them. Loaded by runs only: it computes on tensors."""

from collections.abc import Sequence

from pydantic import BaseModel

from podion.nn import Feature, LabelSpace, TabularFeatures

__all__ = ["Feature", "ScorecardHead", "columns_of"]

ScorecardHead = "podion.hosting.additive_heads:AdditiveClassifier"
"""What took the place of this plugin's own head: adapters that were trained with it go on."""


def columns_of(records: Sequence[BaseModel], space: LabelSpace) -> TabularFeatures:
    """Return how these records' columns are read: all but the label, and what `TabularFeatures` leaves out."""
    return TabularFeatures.fit(records, leave_out=[space.label_field])
