"""The last words of a connection, as each SDK takes them for the end."""

import pytest

from feed.wire.error_codes import Consequence, ErrorCode
from feed.wire.sdk import Sdk, final_error

WORDS = "auth failed: the key was revoked"


@pytest.mark.parametrize(
    ("sdk", "msg", "detail"),
    [
        (Sdk.NONE, WORDS, None),
        (Sdk.EXACT, "auth failed", WORDS),
        (Sdk.PYTHON, f"{WORDS} (insufficient subscription)", None),
    ],
)
def test_a_refused_key_is_told_in_the_words_that_each_stops_at(
    sdk: Sdk, msg: str, detail: str | None
) -> None:
    error = final_error(ErrorCode.AUTH_FAILED, WORDS, sdk)
    assert (error["code"], error["msg"], error.get("detail")) == (402, msg, detail)


@pytest.mark.parametrize("code", ErrorCode)
def test_words_are_those_of_the_vendor_and_only_final_ones_stop_python(code: ErrorCode) -> None:
    is_final = code.consequence is Consequence.ENDS_FOR_GOOD
    stops = "insufficient subscription" in final_error(code, "why", Sdk.PYTHON)["msg"]
    assert stops is is_final
    assert final_error(code, code.words, Sdk.EXACT) == {
        "T": "error",
        "code": int(code),
        "msg": code.words,
    }
    plain = final_error(code, "why", Sdk.NONE)["msg"]
    assert plain == (f"{code.words}: why" if is_final else "why")
