"""Games as they are played in a channel: the rules' events and effects, as Discord's messages.

A table is one game in one channel; the host knows all tables. The rules themselves are in
:mod:`bot.games`, and what was won in :mod:`bot.storage`.
"""
