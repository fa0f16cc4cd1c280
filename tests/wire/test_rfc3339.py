"""Times as text, and back."""

from hypothesis import example, given
from hypothesis import strategies as st

from feed.wire.rfc3339 import rfc3339, second_prefix, unix_ns
from tests.fakes.strategies import LAST_EVENT_NS


@example(0)
@example(999_999_999)
@example(LAST_EVENT_NS)
@given(st.integers(0, LAST_EVENT_NS))
def test_a_time_is_read_back_to_the_nanosecond(time_ns: int) -> None:
    text = rfc3339(time_ns)
    assert unix_ns(text) == time_ns
    assert text.startswith(second_prefix(time_ns // 1_000_000_000))


def test_a_time_is_written_with_all_nine_digits() -> None:
    assert rfc3339(1_582_329_602_000_000_001) == "2020-02-22T00:00:02.000000001Z"
