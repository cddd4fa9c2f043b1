"""Which plugins are installed, what each declares, and which broke its contract: asked once, then frozen."""
