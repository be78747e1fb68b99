"""Jobs for worker processes, one framework each, to be compared with the reference."""
