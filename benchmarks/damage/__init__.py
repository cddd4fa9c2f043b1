"""What `durability.py` does to an installation: kills, flipped bits, and the checks of what is left."""
