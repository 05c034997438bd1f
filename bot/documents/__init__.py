"""Bytes to cited passages. No Discord, no database, no other room."""
