"""Pure rules. Nothing here may import Flask, SQLAlchemy, requests, redis or read a clock.

The question that decides whether a line belongs here: would it still be true with no shop, no database and no network?
"""
