"""Weights files, read and written without any framework."""
