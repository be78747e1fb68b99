"""The inputs of a network as NumPy arrays: data sets, photographs, batches and labels."""
