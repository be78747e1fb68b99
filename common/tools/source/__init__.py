"""Generates a network's standalone source code: the parts shared by all frameworks."""
