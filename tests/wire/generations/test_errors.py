"""Bodies of errors, as the SDKs of each API want them."""

from typing import Any

import pytest

from feed.wire.generations import openai_chat, openai_responses, plain, ui_messages

TABLE = [
    # status, kind, type, code
    (400, "", "invalid_request_error", None),
    (400, "too_long", "invalid_request_error", "context_length_exceeded"),
    (401, "invalid_api_key", "authentication_error", "invalid_api_key"),
    (403, "", "permission_error", None),
    (404, "unknown_model", "invalid_request_error", "model_not_found"),
    (413, "too_long", "invalid_request_error", "context_length_exceeded"),
    (415, "", "invalid_request_error", None),
    (429, "too_many", "rate_limit_error", "rate_limit_exceeded"),
    (429, "rate_limited", "rate_limit_error", "rate_limit_exceeded"),
    (500, "", "server_error", None),
    (502, "upstream_status", "server_error", "upstream_status"),
    (503, "upstream_unreachable", "server_error", "upstream_unreachable"),
    (504, "upstream_timeout", "server_error", "upstream_timeout"),
]


@pytest.mark.parametrize(("status", "kind", "error_type", "code"), TABLE)
def test_openai_s_errors_have_four_fields(
    status: int, kind: str, error_type: str, code: str | None
) -> None:
    expected: dict[str, Any] = {"message": "so", "type": error_type, "param": None, "code": code}
    for api in (openai_chat, openai_responses):
        assert api.error(status, kind, "so") == {"error": expected}
        assert api.error(status, kind, "so", "n") == {"error": expected | {"param": "n"}}


def test_the_others_have_a_text_and_perhaps_a_code() -> None:
    for api in (plain, ui_messages):
        assert api.error(404, "unknown_model", "so") == {"error": "so", "code": "unknown_model"}
        assert api.error(400, "", "so") == {"error": "so"}
