"""What a person can do, one file a subject. Cogs show and forward; the work is done in bot."""
