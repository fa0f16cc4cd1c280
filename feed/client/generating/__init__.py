"""Generations: answers of language models, read while they are written, over cuts.

making.py      `generate`, `watch_answer` and both without async: all that a caller can ask for
answer.py      Answer: ask, read, come back, cancel; blocking.py the same without async
asking.py      the answer to a question of one's own, by the Responses API, and its resumption
watching.py    the answer to somebody's question, by the feed's own channel `generations`
answer_link.py one connection, and the words of refusals
transcript.py  all that has come of an answer, over however many connections (sans I/O)
question.py    what is asked, checked at the call
errors.py      the errors that are raised

Here belongs all that a Python program needs to ask, and to read what is answered. Not here: ticks,
which are the folder above. May import that, and what it may import.
"""
