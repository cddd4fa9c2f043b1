"""What computes on tensors: codes with evidence, and relations between entities. Loaded by the engine and by runs."""
