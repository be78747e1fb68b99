"""The definition of training, without a framework: recipes, update rules, metrics, checkpoints."""
