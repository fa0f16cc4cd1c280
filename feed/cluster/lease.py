"""The lease: which writer tries to lead, and where it can be asked.

A value in a bucket that forgets it, where it is not renewed. It fences nothing: that is the
stream's business. A leader that cannot renew it goes on, for the stream says whether it may; one
that finds another's there steps back, since that one is about to begin.
"""

import json
from base64 import b64decode
from dataclasses import asdict, dataclass
from enum import Enum

from feed.cluster.errors import ApiError
from feed.cluster.link import Link
from feed.cluster.making import LEASE_S
from feed.cluster.names import LEADER_KEY

RENEW_S = LEASE_S / 4
TRY_S = 0.2  # between two looks of those that stand by
_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
_WRONG_SEQUENCE = frozenset({10071, 10164})
_DELETE = {"KV-Operation": "DEL"}


@dataclass(frozen=True, slots=True)
class Claim:
    """What the lease says.

    Attributes:
        writer: the random name of a process.
        term: of its reign; 0: it has not begun.
        url: where it takes requests.
    """

    writer: str
    term: int
    url: str


class Held(Enum):
    """What became of an attempt."""

    OURS = "ours"
    ANOTHERS = "another's"


class Lease:
    """The lease, as one process sees it."""

    __slots__ = ("_link", "_revision")

    def __init__(self, link: Link) -> None:
        """Begin without it.

        Args:
            link: to NATS.
        """
        self._link = link
        self._revision = 0  # of our value; 0: we have none

    async def take(self, claim: Claim) -> Held:
        """Take it, where nobody has it.

        Raises:
            BusAway: nobody knows.
        """
        self._revision = 0
        return await self._put(claim, await self._free_behind(claim.writer))

    async def renew(self, claim: Claim) -> Held:
        """Keep it; where it ended meanwhile, take it again if nobody else has.

        Raises:
            BusAway: nobody knows.
        """
        held = await self._put(claim, self._revision) if self._revision else Held.ANOTHERS
        return held if held is Held.OURS else await self.take(claim)

    async def release(self) -> None:
        """Give it up, so that another one takes it at once; nothing where we have it not.

        Raises:
            BusAway: nobody knows.
        """
        revision, self._revision = self._revision, 0
        if revision:
            headers = {**_DELETE, _EXPECTED: str(revision)}
            await self._link.request(self._subject, b"", headers)

    @property
    def _subject(self) -> str:
        return f"$KV.{self._link.address.names.lead}.{LEADER_KEY}"

    async def _free_behind(self, writer: str) -> int:
        """Return the revision behind which a process may take it; 0: one where there is none.

        That is the one that says that it was given up, or one that the process has written itself:
        it may be that nobody has told it so.
        """
        stream = f"KV_{self._link.address.names.lead}"
        try:
            told = await self._link.ask(f"STREAM.MSG.GET.{stream}", last_by_subj=self._subject)
        except ApiError:
            return 0
        message = told["message"]
        value = b64decode(message.get("data", ""))
        is_free = not value or _writer_in(value) == writer
        return int(message["seq"]) if is_free else 0

    async def _put(self, claim: Claim, expected: int) -> Held:
        headers = {_EXPECTED: str(expected)}
        value = json.dumps(asdict(claim)).encode()
        told = await self._link.request(self._subject, value, headers)
        if error := told.get("error"):
            refused = ApiError(self._subject, error)
            if refused.code in _WRONG_SEQUENCE:
                return Held.ANOTHERS
            raise refused
        self._revision = int(told["seq"])
        return Held.OURS


def _writer_in(value: bytes) -> str | None:
    """Return whose claim a value is; None: it is none, and whoever put it there has the lease."""
    try:
        said = json.loads(value)
    except ValueError:
        return None
    return said.get("writer") if isinstance(said, dict) else None
