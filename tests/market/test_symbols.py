"""Symbols: what is accepted, and that it is safe wherever it goes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import InvalidTick
from feed.market.symbols import MAX_SYMBOL_LENGTH, check_symbol, is_symbol


@pytest.mark.parametrize(
    "symbol",
    [
        "A",
        "AAPL",
        "BRK.B",
        "BF-B",
        "BTC/USD",
        "1INCH/USDT",
        "BTCUSDT",
        "btcusdt",
        "BTC-PERPETUAL",
        "BTC_USDT_260327",
        "AAPL240621C00190000",  # an option of the OCC
        "A" * MAX_SYMBOL_LENGTH,
    ],
)
def test_symbols_of_equities_pairs_and_contracts_are_accepted(symbol: str) -> None:
    assert is_symbol(symbol)
    assert check_symbol(symbol) == symbol


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "*",
        ".B",
        "/USD",
        "-A",
        "_A",
        "A B",
        " AAPL",
        "AAPL ",
        "AAPL\n",
        "AAPL\0",
        "AAPL,MSFT",
        "A:B",
        "A*",
        "$SPX",
        "^GSPC",
        "A%2FB",
        "ÄPL",
        "\u0410APL",  # the first letter is a Cyrillic one
        "AAPL\u0661",  # the last is an Arabic digit
        "A" * (MAX_SYMBOL_LENGTH + 1),
        None,
        1,
        1.5,
        True,
        b"AAPL",
        ["AAPL"],
    ],
)
def test_what_is_no_symbol_is_refused_and_told_what_is(value: object) -> None:
    with pytest.raises(InvalidTick) as caught:
        check_symbol(value)
    message = str(caught.value)
    assert message.startswith("symbol ")
    assert repr(value)[:70] in message
    assert "AAPL, BRK.B or BTC/USD" in message


@given(st.text(max_size=30))
def test_a_symbol_is_safe_in_a_url_a_list_and_a_label(text: str) -> None:
    if is_symbol(text):
        assert text.isascii()
        assert not set(text) & set(' ,*?&=#%"\\\r\n\t;:')
        assert 1 <= len(text) <= MAX_SYMBOL_LENGTH


@given(st.from_regex(re.compile(r"[A-Z]{1,5}(\.[A-Z])?|[A-Z0-9]{2,8}/[A-Z]{3,5}"), fullmatch=True))
def test_every_equity_and_pair_is_a_symbol(text: str) -> None:
    assert is_symbol(text)
