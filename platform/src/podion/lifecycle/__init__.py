"""From a dataset to an adapter that serves: runs, registry, gate, deployments, predictions, feedback."""
