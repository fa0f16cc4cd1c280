"""Grants as values: how they are written, what is refused, and that equals are equal."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import InvalidMessage, InvalidParameter, LimitExceeded
from feed.wire.grant import MOST_KEYS, MOST_WILD_KEYS, SYMBOL_CHANNELS, Grant, parts
from feed.wire.grants import ALL_GRANTS, GRANTS_KEYS, NO_GRANTS, GrantLimits, Grants
from feed.wire.transport import Transport

_globs = st.sampled_from(["AAPL", "MSFT", "BTC/USD", "BTC/*", "*", "A*", "*/USD"])
_grants = st.builds(
    Grant.of,
    st.sets(st.sampled_from(["trades", "quotes", "bars", "*"]), min_size=1),
    st.sets(_globs, min_size=1),
)
_all_grants = st.builds(
    Grants.of,
    st.lists(_grants, max_size=3),
    publish=st.lists(_grants, max_size=2),
    transports=st.sets(st.sampled_from(Transport)),
    conflate_ms=st.sampled_from([0, 50, 1_000]),
    limits=st.builds(GrantLimits, symbols=st.none() | st.integers(1, 9)),
    admin=st.booleans(),
    follow=st.booleans(),
)


@pytest.mark.parametrize(
    ("text", "channels", "keys"),
    [
        ("trades=AAPL", {"trades"}, {"AAPL"}),
        ("trades, quotes = AAPL, BTC/*", {"trades", "quotes"}, {"AAPL", "BTC/*"}),
        ("*=*", {*SYMBOL_CHANNELS}, {"*"}),
        ("rooms=desk-*", {"rooms"}, {"desk-*"}),
        ("orderbooks=*", {"orderbooks"}, {"*"}),
        ("trades=AAPL,A*,*", {"trades"}, {"*"}),
    ],
)
def test_a_grant_is_channels_and_globs(text: str, channels: set[str], keys: set[str]) -> None:
    grant = Grant.parse(text)
    assert grant.channels == channels
    assert grant.keys == keys
    assert Grant.parse(str(grant)) == grant


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("trades", "channels and globs of keys, such as"),
        ("trades=", "channels and globs of keys, such as"),
        ("=AAPL", "channels and globs of keys, such as"),
        ("trade=AAPL", "did you mean 'trades'?"),
        ("room=desk-*", "did you mean 'rooms'?"),
        ("trades,rooms=*", "not both together"),
        ("trades=A?PL", "one with up to 4 times '*'"),
        ("trades=[AB]*", "without ',', '?', '[' and ']'"),
        ("trades=*A*A*A*A*", "up to 4 times"),
    ],
)
def test_what_is_not_a_grant_is_refused_with_what_is(text: str, words: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        Grant.parse(text, "--grant")
    assert str(refused.value).startswith("--grant: ")
    assert words in refused.value.accepted


def test_keys_are_bounded_in_number_over_all_grants() -> None:
    half = [f"S{number}" for number in range(MOST_KEYS // 2 + 1)]
    other = [f"T{number}" for number in range(MOST_KEYS // 2)]
    assert Grants.of([Grant.of(["trades"], half)])
    with pytest.raises(LimitExceeded, match="would exceed the limit of 1000"):
        Grants.of([Grant.of(["trades"], half), Grant.of(["quotes"], other)])
    with pytest.raises(LimitExceeded, match="with a '\\*'"):
        Grant.of(["trades"], [f"S{number}*" for number in range(MOST_WILD_KEYS + 1)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["trades,quotes=AAPL"], ["quotes=AAPL", "trades=AAPL"]),
        (["trades=A*"], ["trades=AAPL,A*", "trades=AA*"]),
        (["*=*"], [f"{channel}=*" for channel in SYMBOL_CHANNELS]),
    ],
)
def test_grants_are_equal_however_they_were_written(one: list[str], other: list[str]) -> None:
    first, second = (Grants.of(map(Grant.parse, texts)) for texts in (one, other))
    assert (first, hash(first)) == (second, hash(second))


@given(_all_grants)
def test_grants_are_read_as_they_were_written(grants: Grants) -> None:
    assert Grants.of_document(grants.document()) == grants
    assert Grants.of_document({"grants": list(map(str, grants.grants))}).read == grants.read


@pytest.mark.parametrize(
    ("document", "grants"),
    [
        ({}, ["*=*"]),
        ({"channels": ["trades"]}, ["trades=*"]),
        ({"symbols": ["AAPL", "BTC/*"]}, ["*=AAPL,BTC/*"]),
        ({"channels": ["trades"], "symbols": ["AAPL"]}, ["trades=AAPL"]),
        ({"channels": ["trades"], "grants": ["rooms=desk-*"]}, ["trades=*", "rooms=desk-*"]),
        ({"grants": ["rooms=desk-*"]}, ["rooms=desk-*"]),
        ({"grants": []}, []),
        ({"channels": []}, []),
        ({"symbols": []}, []),
    ],
)
def test_a_document_says_channels_and_symbols_or_grants(
    document: Mapping[str, Any], grants: list[str]
) -> None:
    assert Grants.of_document(document) == Grants.of(map(Grant.parse, grants))


def test_a_document_says_the_terms_too() -> None:
    grants = Grants.of_document(
        {
            "channels": ["trades"],
            "publish": ["trades=AAPL"],
            "transports": ["websocket"],
            "conflate": "200ms",
            "limits": {"symbols": 10},
            "admin": True,
        }
    )
    assert grants.transports == {Transport.WEBSOCKET}
    assert grants.conflate_ms == 250
    assert grants.limits.symbols == 10
    assert (grants.admin, grants.follow) == (True, False)
    assert grants.may_publish("trades", "AAPL")
    assert not grants.may_publish("trades", "MSFT")
    assert not grants.may_publish("quotes", "AAPL")


@pytest.mark.parametrize(
    ("document", "parameter", "words"),
    [
        ({"symbls": []}, "symbls", "did you mean 'symbols'?"),
        ({"channels": ["trade"]}, "channels", "did you mean 'trades'?"),
        ({"channels": ["rooms"]}, "channels", "others in grants"),
        ({"channels": "trades"}, "channels", "list"),
        ({"symbols": ["A?"]}, "symbols", "'*' for any characters"),
        ({"grants": ["trades"]}, "grants", "channels and globs"),
        ({"publish": ["trades"]}, "publish", "channels and globs"),
        ({"transports": ["smoke"]}, "transports", "websocket, sse, stream"),
        ({"conflate": "soon"}, "conflate", "an interval such as 250ms"),
        ({"limits": {"symbols": 0}}, "symbols", "greater than or equal to 1"),
        ({"limits": {"symbol": 1}}, "symbol", "did you mean 'symbols'?"),
        ({"admin": 1}, "admin", "boolean"),
    ],
)
def test_what_a_document_cannot_say_is_refused(
    document: Mapping[str, Any], parameter: str, words: str
) -> None:
    with pytest.raises(InvalidParameter) as refused:
        Grants.of_document(document)
    assert refused.value.parameter == parameter
    assert words in refused.value.accepted


@pytest.mark.parametrize("document", [None, [], "trades", 1, {1: "trades"}])
def test_a_document_is_a_map_of_texts(document: object) -> None:
    with pytest.raises(InvalidMessage):
        Grants.of_document(document)


def test_all_grants_are_everything_but_admin() -> None:
    for channel in (*SYMBOL_CHANNELS, "rooms"):
        assert ALL_GRANTS.may_read(channel, "BTC/USD")
        assert ALL_GRANTS.may_publish(channel, "BTC/USD")
        assert not NO_GRANTS.may_read(channel, "BTC/USD")
    assert ALL_GRANTS.transports == {*Transport}
    assert (ALL_GRANTS.admin, ALL_GRANTS.follow, ALL_GRANTS.conflate_ms) == (False, True, 0)
    assert replace(ALL_GRANTS, admin=True).admin


def test_keys_of_a_document_are_those_that_are_named() -> None:
    assert set(GRANTS_KEYS) >= {"channels", "symbols", "grants", "publish", "admin"}


def test_lists_are_parted_by_commas() -> None:
    assert parts(" AAPL, BTC/* ,,") == ["AAPL", "BTC/*"]
