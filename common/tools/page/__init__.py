"""The HTML page: a network's diagram, its numbers and every framework's results, in one file."""
