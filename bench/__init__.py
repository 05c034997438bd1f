"""Benchmarks: each a table that a person can read, with ratios taken side by side in one run."""
