"""What is typed and read: the command, its tables, its JSON."""
