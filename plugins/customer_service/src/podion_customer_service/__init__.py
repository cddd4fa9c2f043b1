"""Customer service on Podion."""
