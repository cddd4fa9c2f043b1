"""The vertical's routes, one noun a module."""
