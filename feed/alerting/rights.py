"""What the owners of rules may see: looked at when a rule is made, and again when it fires."""

from feed.alerting.addresses import check_url
from feed.alerting.request import RuleRequest
from feed.errors import CredentialRefused, InvalidParameter, NotGranted
from feed.hub.hub import Hub
from feed.market.listing import Listing
from feed.sources.reference import Reference
from feed.trust.denial import Denial
from feed.trust.identity import Identity, Kind


class Rights:
    """Refuses rules, and says why one may not fire any more."""

    def __init__(self, hub: Hub, reference: Reference) -> None:
        """Ask a hub who is who, and reference data which symbols there are."""
        self._hub = hub
        self._listing = Listing(
            hub.broadcast.snapshot, lambda: (known.symbol for known in reference.instruments())
        )

    def check(self, request: RuleRequest, identity: Identity) -> None:
        """Refuse a rule that somebody may not have, or that can never fire.

        Raises:
            NotGranted: they may not read what it sees.
            InvalidParameter: its symbol is not listed, its end is over, or its webhook not allowed.
        """
        hub, symbol, grants = self._hub, request.symbol, identity.grants
        if not grants.may_read(request.channel, symbol):
            raise NotGranted(f"{symbol} on {request.channel}", grants.words())
        is_unknown = self._listing.unlisted(frozenset({symbol}), hub.clock.mono_ns())
        if is_unknown and not self._listing.is_empty:
            near = self._listing.nearest(symbol)
            may_name = near is not None and grants.may_read(request.channel, near)
            accepted = "a symbol that is listed" + (f"; did you mean {near}?" if may_name else "")
            raise InvalidParameter("symbol", symbol, accepted)
        if request.expires_ns and request.expires_ns <= hub.clock.wall_ns():
            raise InvalidParameter("expires", request.expires, "a time that is still to come")
        if request.webhook is not None:
            allow_private = hub.settings.alerts_allow_private
            check_url(request.webhook.url, allow_private=allow_private)

    def why_not(self, request: RuleRequest, known: Identity | None) -> str:
        """Return why a rule may not fire any more; "": it may.

        A token stands for itself until it ends, and what it has begun goes on, as jobs do.

        Args:
            request: the rule.
            known: its owner, as they were when they last made or changed one.
        """
        if known is None:
            return "nothing is known of its owner any more"
        try:
            now = self._hub.identities.renew(known, self._hub.clock.wall_ns())
        except CredentialRefused as refused:
            if refused.why != Denial.EXPIRED or known.kind is not Kind.TOKEN:
                return f"its owner may not come in any more: {refused}"
            now = known
        if not now.grants.may_read(request.channel, request.symbol):
            return f"{request.symbol} on {request.channel} is not granted any more"
        if now.grants.conflate_ms > known.grants.conflate_ms:
            return "its owner sees less by now, conflated; change the rule to see the same"
        return ""
