"""The inputs of a network as NumPy arrays: photographs, batches and labels."""
