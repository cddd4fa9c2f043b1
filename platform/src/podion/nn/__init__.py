"""What a plugin's own head builds on. Imports torch: only `heads` modules import this."""

from podion.nn.heads import Head, Scores, States, Training
from podion.nn.tabular import TabularFeatures
from podion.nn.tabular_columns import Reading
from podion.nn.tabular_feature import Cell, Feature
from podion.nn.words import WordScores
from podion.vertical import LabelSpace

__all__ = [
    "Cell",
    "Feature",
    "Head",
    "LabelSpace",
    "Reading",
    "Scores",
    "States",
    "TabularFeatures",
    "Training",
    "WordScores",
]
