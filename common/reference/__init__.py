"""The NumPy reference: the forward and backward pass of every layer type, in float64."""
