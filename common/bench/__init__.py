"""Benchmarks: the same work in every framework, proved to be the same, timed in turns."""
