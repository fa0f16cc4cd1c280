"""The options of alerts: how many rules there may be, and where webhooks may go.

Knows neither rules nor addresses.
"""

from typing import Annotated

from pydantic import Field

from feed.settings.numbers import COUNT, SECONDS, Count, Seconds
from feed.sources.options import Accepts, Options


class AlertOptions(Options):
    """The options of alerts."""

    alerts_max_rules: Annotated[Count, COUNT] = Field(
        default=100_000, description="Rules of alerts, of all identities together."
    )
    alerts_max_rules_per_identity: Annotated[Count, COUNT] = Field(
        default=1_000, description="Those of one identity."
    )
    alerts_max_firings_per_identity: Annotated[Count, COUNT] = Field(
        default=1_000,
        description="Alerts of one identity that wait to be acknowledged; then its rules rest.",
    )
    alerts_allow_private: Annotated[bool, Accepts("true or false")] = Field(
        default=False,
        description="Let webhooks go to addresses that are not public, such as this machine's.",
    )
    alerts_webhook_s: Annotated[Seconds, SECONDS] = Field(
        default=3_600.0, description="How long a webhook is tried again before it is given up."
    )
