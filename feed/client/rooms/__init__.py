"""Rooms: what a desk says to itself, and the list that it keeps, over cuts.

making.py       `room`, `room_blocking`: all that a caller can ask for
room.py         Room: reads, says, comes back; blocking.py the same without async
sender.py       sends what was done here, one after the other
outbox.py       what was said here and is not known to have arrived (sans I/O)
actions.py      what can be done in a room, and the call that does it (sans I/O)
state.py        messages, members and entries, as the words of a room make them (sans I/O)
expected.py     the list as it will be once what waits has arrived (sans I/O)
shared_list.py  the list of a room, as one changes it
presence.py     being in a room, said again before it ends
words.py        the types of words of rooms, and what each is of
errors.py       the errors that are raised

Here belongs all that a Python program needs to talk in a room. Not here: how calls are made and
connections come back, which is the folder above. May import that, and what it may import.
"""
