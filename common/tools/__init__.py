"""One package per feature, with its jobs, the code that its worker runs, and its results."""
