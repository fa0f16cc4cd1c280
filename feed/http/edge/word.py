"""The word of an edge on who asks, as it stands in a request that it hands on."""

from collections.abc import Sequence

from aiohttp import web

from feed.http.mount import mount_of
from feed.hub.clock import Clock
from feed.trust.assertion import AS_ANYBODY, AS_SHOWN, HEADER, Asserted, Assertions
from feed.trust.denial import Denial
from feed.trust.identities import Identities
from feed.trust.identity import Kind


class EdgeWord:
    """Takes the word of edges that have the cluster key, and of nobody else."""

    __slots__ = ("_assertions", "_clock", "_identities")

    def __init__(self, assertions: Assertions | None, identities: Identities, clock: Clock) -> None:
        """Trust edges by a key; None: no edge."""
        self._assertions = assertions
        self._identities = identities
        self._clock = clock

    def read(self, request: web.Request, told: Sequence[str]) -> Asserted | None:
        """Return who asks, as the edge says; None: it says that the caller's credential counts.

        Whoever is known to this server is as this server knows them now.

        Args:
            request: that was handed on.
            told: the values of its header.

        Raises:
            CredentialRefused: it is not the word of an edge on this request.
        """
        if len(told) > 1:
            words = f"{HEADER} is there {len(told)} times; accepted: once, and from edges alone"
            raise Denial.MALFORMED.refused(words)
        if told[0] == AS_SHOWN:
            if not self._identities.required:
                words = "the edge knows who asks, and this server does not: it has no --keys"
                raise Denial.UNKNOWN.refused(words)
            return None
        if told[0] == AS_ANYBODY:
            return None
        if self._assertions is None:
            words = f"{HEADER} is taken from edges alone, by a server with their --cluster-key"
            raise Denial.UNKNOWN.refused(words)
        target = request.rel_url.raw_path_qs.removeprefix(mount_of(request))
        wall_ns = self._clock.wall_ns()
        said = self._assertions.read(told[0], request.method, target, wall_ns)
        if said.identity.kind is Kind.ANONYMOUS and self._identities.required:
            raise Denial.UNKNOWN.refused("the edge knows nobody, and this server has --keys")
        return Asserted(self._identities.renew(said.identity, wall_ns), said.address)
