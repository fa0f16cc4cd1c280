"""The candidate: it stands by until nobody has the lease, and begins a term then.

Whoever has the lease tries; whether it leads, the stream says. A leader that cannot renew its lease
goes on, since the fence says whether it may; one that finds another's steps back.
"""

import asyncio
import secrets
import time

from feed.cluster.errors import BusAway
from feed.cluster.fence import Fence
from feed.cluster.lease import RENEW_S, TRY_S, Claim, Held, Lease
from feed.cluster.link import Link
from feed.cluster.making import Plan, make
from feed.errors import InvalidMessage
from feed.logger import logger_of
from feed.reign.ending import end_tasks
from feed.reign.restoring import Restoring
from feed.reign.tenure import Role, Tenure
from feed.reign.writing import Writing
from feed.state.restore import Restored
from feed.wire.position import new_epoch

_WRITER_BYTES = 6
_AGAIN_S = 1.0

log = logger_of("feed.cluster")


class Candidate:
    """One attempt to lead, from standing by to the end of a term.

    Attributes:
        writer: its random name.
        tenure: counts what becomes of it.
        writing: to the stream.
        outbid: set once another process has the lease.
    """

    def __init__(self, link: Link, plan: Plan, url: str, tenure: Tenure) -> None:
        """Stand by.

        Args:
            link: to NATS.
            plan: of what is made there, where it is not.
            url: where this process takes requests while it leads.
            tenure: of the process.
        """
        self.writer = secrets.token_hex(_WRITER_BYTES)
        self.tenure = tenure
        self.writing = Writing(link, Fence(self.writer))
        self.outbid = asyncio.Event()
        self._link = link
        self._plan = plan
        self._url = url
        self._lease = Lease(link)
        self._restoring = Restoring(link, plan.ring)
        self._holding: asyncio.Task[None] | None = None
        tenure.role = Role.STANDBY

    async def stand_by(self) -> bool:
        """Wait until the lease is ours, and hold it from then on; it is then.

        Raises:
            StreamRefused: what is in JetStream cannot be worked with.
        """
        made = False
        self._restoring.begin()
        while True:
            try:
                if not made:
                    await make(self._link, self._plan)
                    made = True
                if await self._lease.take(self._claim()) is Held.OURS:
                    break
            except BusAway as away:
                log.debug("lease_unknown", error=str(away))
                made = False  # it may have lost all that it had
            await asyncio.sleep(TRY_S)
        self.tenure.role = Role.BEGINNING
        log.info("lease_taken", writer=self.writer)
        self._holding = asyncio.create_task(self._hold(), name="lease")
        return True

    async def begin(self, source: str) -> Restored:
        """Begin a term; return what is taken up.

        Args:
            source: the name of the source.
        """
        began_ns = time.monotonic_ns()
        while True:
            try:
                term, sequence, is_new = await self.writing.begin(new_epoch())
                restored = await self._restoring.finish(term, sequence, source)
                break
            except (BusAway, InvalidMessage) as error:
                log.error("term_not_begun", error=str(error))  # noqa: TRY400 - it says all
                await asyncio.sleep(_AGAIN_S)
        self.tenure.terms += 1
        self.tenure.taking_ns = time.monotonic_ns() - began_ns
        log.info(
            "term_begun",
            term=term.term,
            epoch=term.epoch,
            next=term.first,
            new_epoch=is_new,
            seconds=round(self.tenure.taking_ns / 1e9, 3),
        )
        return restored

    async def leave(self) -> None:
        """Give the lease up, so that another one need not wait for its end."""
        await self._restoring.close()
        if self._holding is None:
            return
        await end_tasks([self._holding])
        if not self.outbid.is_set():
            try:
                await self._lease.release()
            except BusAway as away:
                log.debug("lease_not_released", error=str(away))

    async def _hold(self) -> None:
        """Renew the lease for as long as nobody else has it."""
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                if await self._lease.renew(self._claim()) is Held.ANOTHERS:
                    log.warning("lease_lost", writer=self.writer)
                    self.outbid.set()
                    return
            except BusAway as away:
                log.debug("lease_unknown", error=str(away))

    def _claim(self) -> Claim:
        fence = self.writing.fence
        return Claim(self.writer, fence.term if fence.leads else 0, self._url)
