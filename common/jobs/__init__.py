"""Jobs for worker processes: each framework, and the reference, computes in its own process."""
