"""Financial risk over HTTP, beside the routes that the host gives every vertical."""
