"""The dialect's error codes: what its clients do after each, here and in the browser."""

from pathlib import Path

import pytest
from cogapp import Cog

from feed.wire.error_codes import Consequence, ErrorCode, consequence_of

BROWSER_TABLE = Path(__file__).parents[2] / "feed/web/src/client/wire/errorcodes.ts"


# facts/alpaca-protocol.md: its clients do not come back after the codes of the last row.
@pytest.mark.parametrize(
    ("consequence", "codes"),
    [
        (Consequence.GOES_ON, {403}),
        (Consequence.REQUEST_REFUSED, {400, 405}),
        (Consequence.ENDS_FOR_NOW, {406, 407, 500}),
        (Consequence.ENDS_FOR_GOOD, {401, 402, 404, 409}),
    ],
)
def test_every_code_has_the_consequence_that_clients_draw(
    consequence: Consequence, codes: set[int]
) -> None:
    assert {code for code in ErrorCode if consequence_of(code) is consequence} == codes


def test_the_codes_are_those_of_the_dialect() -> None:
    # facts/alpaca-protocol.md, as the SDK for Node knows them.
    assert {code.name: code.value for code in ErrorCode} == {
        "INVALID_SYNTAX": 400,
        "NOT_AUTHENTICATED": 401,
        "AUTH_FAILED": 402,
        "ALREADY_AUTHENTICATED": 403,
        "AUTH_TIMEOUT": 404,
        "SYMBOL_LIMIT": 405,
        "CONNECTION_LIMIT": 406,
        "SLOW_CLIENT": 407,
        "INSUFFICIENT_SUBSCRIPTION": 409,
        "INTERNAL": 500,
    }


def test_an_unknown_code_has_no_consequence() -> None:
    assert consequence_of(410) is None


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_words_and_a_meaning(code: ErrorCode) -> None:
    assert code.words
    assert len(code.meaning) > len(code.words)


def test_the_browser_client_has_the_same_table() -> None:
    assert Cog().main(["cog", "--check", str(BROWSER_TABLE)]) == 0, (
        "stale: run python -m cogapp -r feed/web/src/client/wire/errorcodes.ts"
    )
