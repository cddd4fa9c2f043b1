"""HTTP: routes, problems and the composition root. Imports no torch."""
