import pytest

from feed.wire.disconnect import Reason

# What an endpoint may put into a Close frame that a server sends: RFC 6455 §7.4.1 without 1004,
# 1005, 1006 and 1015, which are never sent, and 1010, which is the client's; and what IANA has
# registered since (https://www.iana.org/assignments/websocket): 1012, 1013, 1014.
SENDABLE = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014}

# The dialect's table of errors; its clients do not come back after those in the second set.
DIALECT_CODES = {400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 500}
DIALECT_TERMINAL = {401, 402, 404, 409}


def test_no_two_reasons_are_one() -> None:
    assert len(Reason) == len(Reason.__members__)  # equal values would make an alias
    names = [reason.value.name for reason in Reason]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("reason", Reason)
class TestEveryReason:
    def test_has_its_own_name_as_label(self, reason: Reason) -> None:
        assert reason.value.name == reason.name.lower()

    def test_has_a_close_code_that_a_server_may_send(self, reason: Reason) -> None:
        assert reason.value.close_code in SENDABLE

    def test_has_an_error_code_that_the_dialect_knows(self, reason: Reason) -> None:
        assert reason.value.error_code is None or reason.value.error_code in DIALECT_CODES

    def test_forbids_to_come_back_where_the_dialect_does_and_to_the_replaced(
        self, reason: Reason
    ) -> None:
        is_terminal = reason.value.error_code in DIALECT_TERMINAL or reason is Reason.REPLACED
        assert reason.value.may_reconnect is not is_terminal

    def test_has_words_that_fit_into_a_close_frame(self, reason: Reason) -> None:
        # A control frame carries 125 bytes, two of them are the code: RFC 6455 §5.5.
        assert 0 < len(reason.value.words.encode()) <= 123
        assert reason.value.words.isprintable()


def test_the_contract_fixes_these_codes() -> None:
    codes = {reason: (reason.value.close_code, reason.value.error_code) for reason in Reason}
    assert codes == {
        Reason.CLIENT_LEFT: (1000, None),
        Reason.COMPLETE: (1000, None),
        Reason.SHUTDOWN: (1012, None),
        Reason.SLOW: (1013, 407),
        Reason.LAGGING: (1013, 407),
        Reason.UNRESPONSIVE: (1013, None),
        Reason.PROTOCOL: (1002, 400),
        Reason.TOO_BIG: (1009, 400),
        Reason.POLICY: (1008, 400),
        Reason.NOT_AUTHENTICATED: (1008, 401),
        Reason.AUTH_FAILED: (1008, 402),
        Reason.AUTH_TIMEOUT: (1008, 404),
        Reason.REVOKED: (1008, 402),
        Reason.EXPIRED: (1008, None),
        Reason.REPLACED: (1008, None),
        Reason.TOO_MANY_CONNECTIONS: (1013, 406),
        Reason.OVERLOADED: (1013, 406),
        Reason.NOT_READY: (1013, None),
        Reason.NOT_SERVED: (1008, 409),
        Reason.NOT_GRANTED: (1008, 409),
        Reason.ADMIN: (1008, None),
        Reason.ERROR: (1011, 500),
    }
