"""Rooms over HTTP and WebSockets: what is said there, and what is read.

table.py         the routes
requests.py      bodies and names, read
speaking.py      what is published
reading.py       what is read: rooms, their messages and lists
conversation.py  what is said over a WebSocket
admin.py         all rooms, for administrators
forms.py         the forms of the answers
refusals.py      what is not published, as messages
"""
