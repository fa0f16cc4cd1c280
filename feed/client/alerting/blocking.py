"""Alerts for scripts and notebooks that have no event loop, or one that is busy."""

from typing import Any, Self, Unpack

from feed.client.alerting.alerts import Alerts
from feed.client.alerting.rules import Changes, FieldName, OpName, Rule
from feed.client.alerting.words import Alert
from feed.client.twins import BlockingBlock


class BlockingAlerts(BlockingBlock):
    """`Alerts` whose methods wait; use it in a `with` block.

    Attributes:
        alerts: the alerts themselves.
    """

    def __init__(self, alerts: Alerts) -> None:
        super().__init__(alerts, "blocking alerts")
        self.alerts = alerts

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Alert:
        """Return the next firing; raises as `Alerts.__anext__` does."""
        try:
            return self._thread.wait(self.alerts.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    @property
    def firings(self) -> tuple[Alert, ...]:
        """What fired and is not acknowledged."""
        return self._thread.wait(_firings(self.alerts))

    def open(self) -> None:
        """Wait until all that is not acknowledged is here, as `Alerts.open` does."""
        self._thread.wait(self.alerts.open())

    def acknowledge(self, firing: str) -> None:
        """Say that one knows of a firing, as `Alerts.acknowledge` does."""
        self._thread.wait(self.alerts.acknowledge(firing))

    def create(
        self,
        symbol: str,
        field: FieldName,
        op: OpName,
        value: float | str,
        **more: Any,  # noqa: ANN401 - those of `Alerts.create`
    ) -> Rule:
        """Make a rule, as `Alerts.create` does with the same arguments."""
        return self._thread.wait(self.alerts.create(symbol, field, op, value, **more))

    def list(self) -> tuple[Rule, ...]:
        """Return the rules of one's own, as `Alerts.list` does."""
        return self._thread.wait(self.alerts.list())

    def change(self, rule: str, **changes: Unpack[Changes]) -> Rule:
        """Change some of a rule, as `Alerts.change` does."""
        return self._thread.wait(self.alerts.change(rule, **changes))

    def remove(self, rule: str) -> None:
        """Remove a rule, as `Alerts.remove` does."""
        self._thread.wait(self.alerts.remove(rule))


async def _firings(alerts: Alerts) -> tuple[Alert, ...]:
    return alerts.firings
