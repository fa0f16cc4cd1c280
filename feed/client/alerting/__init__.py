"""Alerts: rules of one's own, and what they tell when they fire, over cuts.

making.py     `alerts`, `alerts_blocking`: all that a caller can ask for
alerts.py     Alerts: rules are made and changed, firings read and acknowledged; blocking.py the
              same without async
rules.py      rules, as one writes them and as a server has them, checked (sans I/O)
firings.py    firings, each of which is news once (sans I/O)
words.py      the types of words of alerts
errors.py     the errors that are raised

Here belongs all that a Python program needs to watch with rules. Not here: how calls are made and
connections come back, which is the folder above. May import that, and what it may import.
"""
