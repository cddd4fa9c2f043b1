"""What `quality.py` measures of each vertical, where a plain table of cases does not say it."""
