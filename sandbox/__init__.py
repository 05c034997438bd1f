"""A small Discord on this machine: as much of its API and gateway as the bot needs, and a page.

It is for trying the bot without Discord and for tests over a real wire. It imports nothing of
the bot, listens on the loopback interface only, and keeps everything in memory.
"""
