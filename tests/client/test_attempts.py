"""Which transport is tried next, and when a client stops trying."""

import math

import pytest

from feed.client.attempts import MAX_MALFORMED, Attempts
from feed.client.backoff import Backoff
from feed.client.errors import GaveUp, Malformed, NotAFeed, Refused
from feed.wire.transport import Transport
from tests.client.test_backoff import longest

WS, STREAM, SSE = Transport.WEBSOCKET, Transport.STREAM, Transport.SSE
PROXYS = Refused("http://x", 426, "no", by_feed=False)
FEEDS = Refused("http://x", 400, "no", by_feed=True)
PAGE = NotAFeed("http://x", "text/html", "text/event-stream", "<html>")


def attempts(*transports: Transport, give_up_after_s: float | None = None) -> Attempts:
    return Attempts(
        "http://x",
        transports or (WS, STREAM, SSE),
        backoff=Backoff(longest),
        give_up_after_s=give_up_after_s,
    )


def test_a_refused_transport_is_taken_out_until_none_is_left() -> None:
    tried = attempts()
    tried.refuse(PROXYS)
    tried.refuse(PAGE)
    assert tried.transport is SSE
    websocket, stream = tried.fallbacks
    assert websocket == "websocket: http://x refused with 426: no"
    assert stream.startswith("stream: http://x is not a feed")
    with pytest.raises(NotAFeed):
        tried.refuse(PAGE)


def test_a_feed_servers_refusal_holds_for_every_transport() -> None:
    with pytest.raises(Refused):
        attempts().refuse(FEEDS)


def test_a_transport_that_does_not_speak_goes_to_the_end() -> None:
    tried = attempts()
    order = []
    for _ in range(4):
        order.append(tried.transport)
        tried.fail("silence", 0.0, unanswered=True)
    assert order == [WS, STREAM, SSE, WS]


def test_a_transport_that_spoke_stays() -> None:
    tried = attempts()
    tried.succeed()
    tried.fail("silence", 0.0, unanswered=True)
    assert (tried.transport, tried.fallbacks) == (WS, ())


def test_other_failures_change_no_transport() -> None:
    tried = attempts()
    tried.fail("refused", 0.0)
    assert tried.transport is WS


def test_what_works_in_the_end_is_not_explained_away() -> None:
    tried = attempts(WS, SSE)
    for _ in range(2):
        tried.fail("silence", 0.0, unanswered=True)
    tried.succeed()
    assert tried.fallbacks == ("sse: silence",)


def test_the_next_attempt_is_due_after_the_wait() -> None:
    tried = attempts()
    assert tried.fail("x", 100.0) == 1
    assert tried.retry_at_s == 101
    assert tried.fail("x", 101.0, retry_after_s=5) == 7
    tried.succeed()
    assert tried.fail("x", 0.0, retry_ms=250) == 0.25


def test_giving_up_counts_from_when_data_last_flowed() -> None:
    tried = attempts(give_up_after_s=10)
    tried.begin(0.0)
    tried.note_data(100.0)
    tried.succeed()
    tried.begin(101.0)
    assert tried.fail("x", 108.9) == 1
    with pytest.raises(GaveUp, match="for 9 s; last: y") as error:
        tried.fail("y", 109.0)
    assert (error.value.tried_s, error.value.reason) == (9, "y")


def test_an_open_connection_is_waited_for_as_long_and_pauses_of_the_caller_do_not_count() -> None:
    tried = attempts(give_up_after_s=10)
    assert tried.patience_s(0.0) == math.inf
    tried.begin(0.0)
    assert tried.patience_s(4.0) == 6.0
    tried.succeed()
    assert tried.patience_s(4.0) == 6.0, "marks are no ticks"
    tried.forgive(3.0)
    assert tried.patience_s(7.0) == 6.0
    tried.note_data(8.0)
    assert tried.patience_s(9.0) == 9.0
    assert str(tried.give_up("z", 19.0)).endswith("for 11 s; last: z")


def test_a_caller_that_gives_up_at_once_waits_for_an_open_connection() -> None:
    tried = attempts(give_up_after_s=0)
    tried.begin(0.0)
    assert tried.patience_s(5.0) == math.inf


def test_broken_protocol_is_borne_a_few_times_in_a_row() -> None:
    tried = attempts()
    for _ in range(MAX_MALFORMED - 1):
        tried.break_protocol(Malformed("x"))
    tried.succeed()
    for _ in range(MAX_MALFORMED - 1):
        tried.break_protocol(Malformed("x"))
    with pytest.raises(Malformed, match="5 connections in a row: x"):
        tried.break_protocol(Malformed("x"))
