"""Public-opinion monitoring as a Podion plugin; `plugin.py` is where it registers."""
