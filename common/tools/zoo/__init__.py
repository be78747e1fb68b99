"""Recognises, reads and writes checkpoints in the formats of other projects."""
