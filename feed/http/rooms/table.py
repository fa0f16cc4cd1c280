"""The routes of rooms."""

from http import HTTPStatus

from aiohttp import hdrs

from feed.http.edge.forward import forward
from feed.http.rooms import admin, forms, reading, speaking
from feed.http.route import Body, Route
from feed.http.scopes import Scope
from feed.wire.room_requests import EditBody, ListBody, MessageBody, NameBody

_ROOM = "/v1/rooms/{room}"
_MESSAGES = f"{_ROOM}/messages"
_MESSAGE = f"{_MESSAGES}/{{message}}"
_PUBLISHED = {200: forms.PublishedAnswer}
_OF_BODIES = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
_SPOKEN = (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE)
_OF_MESSAGES = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, *_SPOKEN)

ROOM_ROUTES = (
    Route(
        "/v1/rooms",
        reading.rooms,
        Scope.GRANTED,
        '`{"rooms"}`: the rooms that you may read',
        says={200: forms.RoomsAnswer},
        of_ring=True,
    ),
    Route(
        _ROOM,
        reading.room,
        Scope.GRANTED,
        "a room: who is there, and its list; one in which nobody has said anything is empty",
        says={200: forms.RoomAnswer},
        of_ring=True,
    ),
    Route(
        _MESSAGES,
        reading.messages,
        Scope.GRANTED,
        "its newest messages, the oldest first, page by page",
        ("limit", "before"),
        says={200: forms.MessagesAnswer},
        of_ring=True,
    ),
    Route(
        _MESSAGES,
        speaking.publish,
        Scope.GRANTED,
        "that a message is published (201), or was published before (200)",
        method=hdrs.METH_POST,
        in_line=False,  # its body may take its time
        says={201: forms.PublishedAnswer, **_PUBLISHED},
        refuses=(*_OF_BODIES, HTTPStatus.GONE, *_SPOKEN),
        asks=MessageBody,
        hand_on=forward,
    ),
    Route(
        _MESSAGE,
        speaking.edit,
        Scope.GRANTED,
        "that a message of yours reads otherwise from now on",
        method=hdrs.METH_PATCH,
        in_line=False,
        says=_PUBLISHED,
        refuses=(*_OF_BODIES, *_OF_MESSAGES),
        asks=EditBody,
        hand_on=forward,
    ),
    Route(
        _MESSAGE,
        speaking.delete,
        Scope.GRANTED,
        "that a message of yours is gone, also for who comes back from before it",
        method=hdrs.METH_DELETE,
        in_line=False,
        says=_PUBLISHED,
        refuses=_OF_MESSAGES,
        hand_on=forward,
    ),
    Route(
        f"{_ROOM}/list",
        reading.listed,
        Scope.GRANTED,
        "the list of symbols that a room keeps together, in order",
        says={200: forms.ListAnswer},
        of_ring=True,
    ),
    Route(
        f"{_ROOM}/list",
        speaking.change_list,
        Scope.GRANTED,
        "that an entry of it is added, removed, moved, or has another note",
        method=hdrs.METH_POST,
        in_line=False,
        says=_PUBLISHED,
        refuses=(*_OF_BODIES, HTTPStatus.NOT_FOUND, *_SPOKEN),
        asks=ListBody,
        hand_on=forward,
    ),
    Route(
        f"{_ROOM}/presence",
        speaking.enter,
        Scope.GRANTED,
        "nothing: you are in the room for 30 seconds; who has a WebSocket enters by that",
        body=Body.AS_IS,
        method=hdrs.METH_POST,
        in_line=False,
        says={204: None},
        refuses=_OF_BODIES,
        asks=NameBody,
        hand_on=forward,
    ),
    Route(
        f"{_ROOM}/presence",
        speaking.leave,
        Scope.GRANTED,
        "nothing: you are there no more",
        ("name",),
        body=Body.AS_IS,
        method=hdrs.METH_DELETE,
        says={204: None},
        hand_on=forward,
    ),
    Route(
        f"{_ROOM}/typing",
        speaking.types,
        Scope.GRANTED,
        "nothing: others are told that you are typing",
        body=Body.AS_IS,
        method=hdrs.METH_POST,
        in_line=False,
        says={204: None},
        refuses=_OF_BODIES,
        asks=NameBody,
        hand_on=forward,
    ),
    Route(
        "/v1/admin/rooms",
        admin.all_rooms,
        Scope.ADMIN,
        '`{"rooms","next","total"}`: all rooms, and how much there is of each',
        ("limit", "after"),
        says={200: forms.AllRoomsAnswer},
        hand_on=forward,
    ),
)
