"""The exception for a file with several networks."""


class SeveralNetworks(Exception):
    """Raised if a file has several networks of about the same size; `args` are their names."""
