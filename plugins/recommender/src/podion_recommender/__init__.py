"""Recommendation as a Podion plugin; `plugin.py` is where it registers."""
