"""Prompt to pieces of text: engines and the single queue before them. No Discord, no database."""
