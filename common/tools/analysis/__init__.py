"""Analyses of plans: comparison of frameworks, differences, parameters, receptive field."""
