"""The page: a network as a picture, its numbers, and every framework's answer, in one HTML file."""
