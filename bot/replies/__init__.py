"""Pieces of text to Discord messages."""
