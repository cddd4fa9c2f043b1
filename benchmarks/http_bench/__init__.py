"""What benchmarks/http.py measures with: a load generator, the product with its tenants, its rivals."""
