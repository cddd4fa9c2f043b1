"""Who calls: tenants, their keys, the operator, and what is metered."""
