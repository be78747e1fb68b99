"""The NumPy reference: forward and backward passes of every layer type, in float64."""
