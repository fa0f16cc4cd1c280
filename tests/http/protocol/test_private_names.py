"""The private names of aiohttp that `feed.http.protocol` leans on, as they are in this release.

When an update of aiohttp breaks one of these, read `web_protocol.py` and `web_server.py` of it
before anything is changed here.
"""

import inspect

from aiohttp import web, web_protocol
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import RawRequestMessagePy as RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from feed.http.protocol.message import Message

OF_A_HANDLER = {
    "_close",
    "_force_close",
    "_max_msg_queue_size",
    "_messages",
    "_payload_parser",
    "_request_count",
    "_waiter",
}
OVERRIDDEN = {
    "connection_lost": ["self", "exc"],
    "connection_made": ["self", "transport"],
    "data_received": ["self", "data"],
    "eof_received": ["self"],
    "finish_response": ["self", "request", "resp", "start_time"],
    "force_close": ["self"],
    "handle_error": ["self", "request", "status", "exc", "message"],
    "set_parser": ["self", "parser", "data_received_cb"],
}


def test_a_handler_has_the_attributes_that_are_read() -> None:
    assert set(web.RequestHandler.__slots__) >= OF_A_HANDLER
    assert {"_cache", "_message", "_rel_url", "_version"} <= web.BaseRequest.ATTRS
    assert set(BaseProtocol.__slots__) >= {
        *("_buffer_paused", "_reading_paused", "_upgraded", "transport")
    }
    for name in ("_pause_transport_reading", "_resume_transport_reading"):
        assert list(inspect.signature(getattr(BaseProtocol, name)).parameters) == ["self"]


def test_what_is_overridden_has_the_same_parameters() -> None:
    for name, parameters in OVERRIDDEN.items():
        method = getattr(web.RequestHandler, name)
        assert list(inspect.signature(method).parameters) == parameters, name


def test_a_handler_knows_every_option_that_is_given_to_it() -> None:
    known = set(inspect.signature(web.RequestHandler).parameters)
    ours = {
        "auto_decompress",
        "keepalive_timeout",
        "max_field_size",
        "max_headers",
        "max_line_size",
        "read_bufsize",
    }
    assert known >= ours | {"access_log", "access_log_class", "debug", "loop"}


def test_a_head_has_the_parts_that_are_copied() -> None:
    assert set(Message.__slots__) == set(inspect.signature(RawRequestMessage).parameters)


def test_an_error_is_queued_as_its_status_and_its_words() -> None:
    error = web_protocol._ErrInfo(408, ValueError("slow"), "slow")
    assert (error.status, error.message) == (408, "slow")
    assert EMPTY_PAYLOAD.is_eof()
    assert callable(StreamReader.exception)


async def test_a_server_gives_what_it_was_made_of() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        raise NotImplementedError(request)

    server = web.Server(handler, handler_cancellation=True, access_log=None)
    assert server.request_handler is handler
    assert server.handler_cancellation
    assert server._kwargs == {"access_log": None}
    assert server._loop is not None
    assert server.request_factory is not None
    assert isinstance(server(), web.RequestHandler)
    assert inspect.iscoroutinefunction(web.AppRunner._make_server)
