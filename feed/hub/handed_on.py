"""What became of requests that an edge handed on to its writer."""

from enum import StrEnum


class HandedOn(StrEnum):
    """How a request ended; a label of metrics."""

    ANSWERED = "answered"
    AWAY = "away"  # there was no writer
    CUT = "cut"  # it went away before it had answered
