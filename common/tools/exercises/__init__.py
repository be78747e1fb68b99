"""Grades the answers to the exercises of the book."""
