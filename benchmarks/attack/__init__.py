"""What the isolation and abuse benchmarks, and the scenarios of the suite, send against a live server."""
