"""What goes into a network, as NumPy arrays: photographs, batches, labels."""
