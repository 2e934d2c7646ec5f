"""Measurements of this program beside its peers, on one problem: `python -m benchmarks`."""
