"""Anybody's network, read by what it computes: which network it is, and what in it differs."""
