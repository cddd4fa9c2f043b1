"""One module a noun; each makes a router."""
