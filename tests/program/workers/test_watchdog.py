"""Workers that hang: silent for long, and not only because nobody ran."""

from feed.program.workers.watchdog import LOOKS, SILENT_NS, Watchdog


def test_one_that_is_silent_for_long_hangs() -> None:
    watchdog = Watchdog()
    looks = [watchdog.hangs(1, 5, 5 + SILENT_NS + look) for look in range(LOOKS)]
    assert looks == [False] * (LOOKS - 1) + [True]


def test_one_that_beats_between_two_looks_does_not() -> None:
    watchdog = Watchdog()
    for _ in range(LOOKS * 2):
        assert not watchdog.hangs(1, 5, 5 + SILENT_NS)
        assert not watchdog.hangs(1, 6, 5 + SILENT_NS)


def test_one_that_has_just_begun_is_given_time() -> None:
    watchdog = Watchdog()
    assert not any(watchdog.hangs(1, 0, SILENT_NS * 9) for _ in range(LOOKS * 2))


def test_what_is_forgotten_begins_anew() -> None:
    watchdog = Watchdog()
    for _ in range(LOOKS - 1):
        watchdog.hangs(1, 5, 5 + SILENT_NS)
    watchdog.forget(1)
    assert not watchdog.hangs(1, 5, 5 + SILENT_NS)
