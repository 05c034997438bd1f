"""``python -m bot doctor``: is everything in place, and if not, what is the next step?"""
