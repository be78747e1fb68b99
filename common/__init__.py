"""Network definitions shared by all frameworks, and the reference; imports no framework."""
