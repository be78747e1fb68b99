"""Everything that needs no framework: definitions, reference, files, training, tools, command."""
