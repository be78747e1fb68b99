"""The command-line interface: the `googlenet` command, its tables and its JSON output."""
