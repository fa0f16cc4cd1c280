"""The kinds of numbers that several options are, and the words for what each accepts."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from feed.sources.options import Accepts, not_a_boolean

Count = Annotated[int, BeforeValidator(not_a_boolean), Field(ge=1, le=1 << 40)]
# More is no limit; a rate is counted in whole nanoseconds.
Rate = Annotated[int, BeforeValidator(not_a_boolean), Field(ge=1, le=1_000_000)]
Seconds = Annotated[
    float, BeforeValidator(not_a_boolean), Field(gt=0, le=86_400, allow_inf_nan=False)
]
COUNT = Accepts("a whole number from 1")
RATE = Accepts("a whole number from 1 to 1000000")
SECONDS = Accepts("seconds, more than 0 and at most 86400")
