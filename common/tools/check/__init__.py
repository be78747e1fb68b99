"""Identifies a third-party network by what it computes, and finds where it differs."""
