"""Praise or complaint."""
