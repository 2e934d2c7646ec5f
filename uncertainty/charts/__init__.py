"""Figures of a run: each a function of results and an Axes, listed for a page with captions made from the numbers."""
