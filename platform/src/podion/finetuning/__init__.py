"""Fine-tuning: records, a recipe and a seed make an adapter and an honest report of it."""
