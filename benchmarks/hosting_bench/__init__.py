"""What benchmarks/hosting.py measures, part by part."""
