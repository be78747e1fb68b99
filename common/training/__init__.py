"""What a training step means, as NumPy and data: recipes, update rules, metrics, checkpoints."""
