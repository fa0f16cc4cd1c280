"""What a client's offer of compression means. What comes of it is in `test_compression`."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.headers import parse_extension

from feed.wire.compression import Compression
from feed.wire.deflate_offer import acceptable_offer

NAME = "permessage-deflate"


def test_the_window_is_the_largest_that_zlib_has_where_the_peer_says_nothing() -> None:
    assert Compression() == Compression(shared=True, window_bits=zlib.MAX_WBITS)


@pytest.mark.parametrize(
    "offer",
    [
        NAME,
        f"{NAME}; client_max_window_bits",  # Chromium, Firefox, Node's ws
        f"{NAME}; client_no_context_takeover; server_no_context_takeover",
        f"{NAME}; server_max_window_bits=12; client_max_window_bits=12",  # websockets
        f"{NAME}; server_max_window_bits=9; client_max_window_bits",  # aiohttp
    ],
)
def test_what_most_clients_offer_is_left_as_it_is(offer: str) -> None:
    assert acceptable_offer(offer) == offer


@pytest.mark.parametrize(
    ("header", "offer"),
    [
        ("", None),
        (" , ,", None),
        ("other", None),
        (f"other, {NAME}", NAME),
        ("x-webkit-deflate-frame", None),  # older Safari; its name sorts after ours
        (f"x-webkit-deflate-frame, {NAME}", NAME),
        (
            f',, other;x=1;y="\\"a, {NAME}" ,{NAME} ; server_no_context_takeover ,',
            f"{NAME}; server_no_context_takeover",
        ),
        (f"{NAME}; server_max_window_bits=8, {NAME}", NAME),
        (f'{NAME}; server_max_window_bits = "11"', f"{NAME}; server_max_window_bits=11"),
        (f"{NAME}; server_max_window_bits=15", f"{NAME}; server_max_window_bits=14"),
        (f"{NAME}; nothing, {NAME}; client_max_window_bits=16", None),
        (f"{NAME}; client_no_context_takeover; client_no_context_takeover", None),
        (f"{NAME} {NAME}", None),
        (f'{NAME}, "', NAME),
        (f'", {NAME}', None),
        (f"{NAME.upper()}", None),
    ],
)
def test_the_first_offer_that_can_be_met_is_found(header: str, offer: str | None) -> None:
    assert acceptable_offer(header) == offer


@given(st.text(f'{NAME[:5]};,="\\ 19_ä\n') | st.text())
def test_whatever_comes_is_no_error(header: str) -> None:
    offer = acceptable_offer(header)
    assert offer is None or parse_extension(offer)[0][0] == NAME


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "server_no_context_takeover",
                    "client_no_context_takeover",
                    "server_max_window_bits",
                    "client_max_window_bits",
                    "x",
                ]
            ),
            st.none() | st.integers(0, 20).map(str),
        ),
        max_size=4,
    )
)
def test_what_is_accepted_was_offered(parameters: list[tuple[str, str | None]]) -> None:
    parts = [name if value is None else f"{name}={value}" for name, value in parameters]
    offer = acceptable_offer("; ".join([NAME, *parts]))
    if offer is not None:
        ((_, accepted),) = parse_extension(offer)
        assert [
            (name, value and min(int(value), 14))
            for name, value in parameters
            if name == "server_max_window_bits"
        ] == [
            (name, int(value or 0)) for name, value in accepted if name == "server_max_window_bits"
        ]
        assert {name for name, _ in accepted} == {name for name, _ in parameters}


@pytest.mark.parametrize(
    "header", [f"{NAME};" * 20_000, "a" * 65_000 + '"', ';a="' * 20_000, ", " * 30_000 + '"']
)
def test_a_header_as_long_as_can_be_is_declined(header: str) -> None:
    assert acceptable_offer(header) is None
