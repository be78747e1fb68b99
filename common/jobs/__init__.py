"""What a process is asked: one framework a process, compared with the judge."""
