"""Questions that are right by construction, out of the data that comes with the bot.

A factory turns one kind of fact into items: an answer, the ways to ask for it, and wrong answers of
the same kind of which the data says that they are wrong. Where the data cannot tell, nothing is
asked.
"""
