"""Benchmarks: the same work in every framework, verified against the reference, timed in turns."""
