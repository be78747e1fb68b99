"""The files weights travel in, read and written without any framework."""
