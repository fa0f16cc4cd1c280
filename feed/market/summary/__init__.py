"""The market in a few sentences, by rules: what moved and how far, on which volume, what is halted.

figures.py   what is known of one symbol, and what follows from it
top.py       the few that are first in an order
movers.py    who rose and fell most, and how many did
summary.py   what stands out among many
question.py  what a question asks for, by its words
wording.py   numbers as text
sentences.py the answer, for a person
lines.py     the same facts in compact lines, for the prompt of a language model

All numbers come from ticks and bars; what is not known is said to be unknown.
"""
