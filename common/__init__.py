"""The networks, written once, and the judge; no framework is imported here."""
