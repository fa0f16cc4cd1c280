"""The task that sees to it that nobody stays longer than their identity lasts.

It looks, several times a second, whether the places changed that identities come from: the keys
file, the signing keys of tokens. Then every session is what its identity is by now, or ends.
"""

import asyncio
from collections.abc import Iterator

from feed.errors import CredentialRefused
from feed.hub.clock import Clock
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.hub.steps import Step
from feed.trust.denial import Denial
from feed.trust.lookout import look_for_ever
from feed.wire.disconnect import Reason

LOOK_S = 0.4  # a change counts at the second look, and revoked keys are to end within two seconds


class IdentityWatch:
    """The task that looks."""

    def __init__(self, hub: Hub, clock: Clock, look_s: float) -> None:
        self._hub = hub
        self._clock = clock
        self._look_s = look_s

    async def run(self) -> None:
        """Look for ever, where there is something to look at: no place waits for another."""
        async with asyncio.TaskGroup() as tasks:
            for each in self._hub.identities.authenticators:
                watching = look_for_ever(each.kind, each.look, self._look_s, self._renew_all)
                tasks.create_task(watching, name=f"watch {each.kind}")

    async def _renew_all(self) -> None:
        await self._hub.turns.in_slices(self._renewing(), Step.HOUSEKEEPING)

    def _renewing(self) -> Iterator[None]:
        for session in list(self._hub.sessions.values()):
            if not session.ended.done():
                self._renew(session)
                yield

    def _renew(self, session: Session) -> None:
        before = session.identity
        try:
            now = self._hub.identities.renew(before, self._clock.wall_ns())
        except CredentialRefused as refused:
            if refused.why == Denial.EXPIRED:
                self._hub.disconnect(session, Reason.EXPIRED)
            else:
                words = f"{Reason.REVOKED.value.words}: {refused}"
                self._hub.disconnect(session, Reason.REVOKED, words)
            return
        if now != before:
            self._hub.entitlement.identify(session, now)
