"""The recommender's head: a learned sequence model and what followed what, over the whole catalogue at once."""
