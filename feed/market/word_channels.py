"""The channels of words: events beside ticks, under keys that are no symbols."""

from enum import StrEnum


class WordChannel(StrEnum):
    """The channels whose keys are not symbols; `kind` of a word is its channel."""

    GENERATIONS = "generations"
    ROOMS = "rooms"
    PRESENCE = "presence"
    ALERTS = "alerts"
    JOBS = "jobs"


WORD_CHANNELS = tuple(WordChannel)
