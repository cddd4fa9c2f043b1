"""Parts of benchmarks/surge.py."""
