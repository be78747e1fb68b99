"""The definition of training, in NumPy and as data: recipes, update rules, metrics, checkpoints."""
