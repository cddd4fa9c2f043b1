"""Collections of a tenant's documents, searched by meaning and by letters; every hit cites its source."""
