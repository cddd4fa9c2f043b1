"""Base models, adapters, heads and the engine: pure computation that knows no tenant, no SQL and no HTTP."""
