"""Airocord: a self-hosted Discord bot that talks through a local language model."""

__version__ = "0.1.0"
