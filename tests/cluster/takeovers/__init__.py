"""Takeovers under load: writers of a cluster are killed, stopped and ended, again and again.

What the stream holds then is read whole, and held against its rules, against what was acknowledged,
and against what the simulated market gives.
"""
