"""Symbols: what is accepted, and that it is safe wherever it goes."""

import re
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

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
        "AAPL  240119C00150000",
        "O:SPY251219C00650000",
        "I:SPX",
        "C:EURUSD",
        "^GSPC",
        "$SPX",
        "/ESZ5",
        ".SPX",
        "-A",
        "BTC-27JUN25-100000-C-USDT",
        "A%2FB&c=d#e;f+g",
        '"',
        "ÄPL",
        "A\u0308PL",  # the same in two characters: another symbol
        "\u0410APL",  # the first letter is a Cyrillic one
        "AAPL\u0661",  # the last is an Arabic digit
        "贵州茅台",
        "币安人生USDT",
        "🚀USDT",
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
        " AAPL",
        "AAPL ",
        "AAPL\n",
        "AAPL\0",
        "AAPL,MSFT",
        "A*",
        "A?",
        "[A]",
        "A]",
        "A\tB",
        "A\u00a0B",  # a space that does not look like another one
        "A\u2028B",
        "A\u200bB",  # of no width
        "\u202eA",  # turns a line around
        "\ufeffA",
        "\ud800",
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
    assert "AAPL, BRK.B, BTC/USD or I:SPX" in message


@given(st.text(max_size=70) | st.text("AB *,?[] ", max_size=5))
def test_a_symbol_is_one_part_of_a_list_and_of_a_line_and_as_it_was_after_a_url(text: str) -> None:
    reserved = set(",*?[]") & set(text)
    printable = 0 < len(text) <= MAX_SYMBOL_LENGTH and text.isprintable()
    assert is_symbol(text) == (printable and not reserved and text == text.strip())
    if is_symbol(text):
        assert text.splitlines() == text.split(",") == [text]
        assert parse_qs(urlencode({"symbol": text})) == {"symbol": [text]}
        assert URL("/").with_query(symbol=text).query["symbol"] == text


@given(st.from_regex(re.compile(r"[A-Z]{1,5}(\.[A-Z])?|[A-Z0-9]{2,8}/[A-Z]{3,5}"), fullmatch=True))
def test_every_equity_and_pair_is_a_symbol(text: str) -> None:
    assert is_symbol(text)
