"""The durable queue and its workers: knows kinds of jobs by name, is handed what does them."""
