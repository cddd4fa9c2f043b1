"""Financial risk as a Podion plugin."""
