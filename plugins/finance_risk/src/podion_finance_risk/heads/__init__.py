"""What computes on tensors: the scorecard, and what it is built of. Loaded by the engine and by runs only."""

from podion.nn import Feature
from podion_finance_risk.heads.scorecard import ScorecardHead, columns_of

__all__ = ["Feature", "ScorecardHead", "columns_of"]
