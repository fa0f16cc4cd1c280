"""When the place of a worker that died is taken by another one.

At once, where it has served for a while; ever later, where one after the other dies young: whatever
kills them would have nothing else to do. Pure.
"""

YOUNG_NS = 10_000_000_000
SHORTEST_S = 0.05
LONGEST_S = 5.0


def rest_s(deaths: int) -> float:
    """Return how long to wait, after so many workers of a place died young in a row."""
    return min(LONGEST_S, SHORTEST_S * 2.0 ** min(deaths, 16)) if deaths else 0.0


def count_deaths(deaths: int, lived_ns: int) -> int:
    """Return how many have died young in a row, with the one that just has."""
    return deaths + 1 if lived_ns < YOUNG_NS else 0
