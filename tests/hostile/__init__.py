"""Hostile input: `python -m tests.hostile [--short] [ATTACK …]`, bounded in time.

Little input that once was much work or much memory, against a real server, while a bystander reads
all trades. After each attack a row says how long the bystander was silent at most, how late its own
process was woken, how much memory the server had over its idle size, and its longest step by CPU
time: machines are shared, so that a silence may be somebody else's.

`attacks` is what is done, `victim` the server, `bystander` a process of its own, `campaign` all of
it together. The deterministic tests of each defence stand beside what defends.
"""
