"""A network as plain source: what is the same for every framework that it is printed for."""
