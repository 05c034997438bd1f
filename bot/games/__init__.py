"""The rules of the games: what is true, what counts as right, and whose turn it is.

Nothing here knows of Discord, of the database or of the time: events come in with their moment,
and what is to be shown goes out as data.
"""
