"""What is told of how far a job has got."""

from hypothesis import given
from hypothesis import strategies as st

from feed.jobs.progress import Progress

S = 1_000_000_000


def test_speed_and_time_left_come_from_the_last_seconds() -> None:
    progress = Progress()
    progress.note(0, 0.0, 0, 0)
    assert (progress.total, progress.per_s, progress.left_s) == (0, 0.0, 0.0)
    for second in range(1, 9):
        progress.note(100 * second, second / 10, 10 * second, second * S)
    assert progress.total == 1_000
    assert progress.per_s == 100
    assert round(progress.left_s, 6) == 2


def test_a_source_of_unknown_length_has_no_total() -> None:
    progress = Progress()
    progress.note(10, 0.0, 1, 0)
    progress.note(30, 0.0, 2, S)
    assert (progress.total, progress.per_s, progress.left_s) == (0, 20, 0.0)


@given(st.lists(st.tuples(st.integers(0, 1000), st.floats(0, 2), st.integers(0, 1000))))
def test_it_only_grows(notes: list[tuple[int, float, int]]) -> None:
    progress, before = Progress(), (0, 0.0, 0)
    for number, (done, share, size) in enumerate(notes):
        progress.note(done, share, size, number * S)
        now = progress.done, progress.share, progress.size_bytes
        assert all(new >= old for new, old in zip(now, before, strict=True))
        assert progress.share <= 1
        before = now
