"""Parts of benchmarks/recommending.py."""
