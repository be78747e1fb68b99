"""Other parties' checkpoints: recognised, read, and written as they have them."""
