"""Training, evaluation and prediction, as jobs for a worker."""
