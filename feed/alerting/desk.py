"""The desk of alerts: rules are asked for, shown every tick, and told once they fire.

A firing and the cursor are committed before the word is published, off the loop and in batches: so
each is told at least once, under one id, whatever becomes of the process. What was not told, the
next server tells; ticks behind the cursor that the log still has are evaluated then, and those that
nobody saw are named by `after_gap`. Knows no transport.
"""

import asyncio
import secrets
import sqlite3
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import perf_counter_ns

from feed.alerting.account import Account
from feed.alerting.batch import Batch, Batches
from feed.alerting.book import Book, Changes
from feed.alerting.errors import AlertsUnavailable
from feed.alerting.evaluation import Evaluation
from feed.alerting.everything import everything
from feed.alerting.firings import Firings
from feed.alerting.request import RuleRequest
from feed.alerting.rights import Rights
from feed.alerting.rule import RULE_PREFIX, RuleState, StoredRule, identity_of_record, record_of
from feed.alerting.rules import Rules
from feed.alerting.tally import Tally
from feed.alerting.webhooks import Delivery, Target, Webhooks
from feed.hub.hub import Hub
from feed.logger import logger_of
from feed.market.alert_rules.rule import Hit
from feed.market.alert_words import AlertWord
from feed.sources.reference import Reference
from feed.trust.identity import Identity, owner_key

LOOK_S = 1.0  # between two looks at what expires, and two cursors in the book
AGAIN_S = 1.0  # after a commit that failed
_ID_BYTES = 16
_MOST_SETTLED = 128  # of what fired, at once: some 10 ms
_NS_PER_S = 1_000_000_000
_CURSOR, _MEMORY = "cursor", "memory"

log = logger_of("feed.alerts")


class Alerts:
    """All rules of a server.

    Attributes:
        tally: what is counted of them.
        firings: that nobody has acknowledged yet.
    """

    def __init__(self, hub: Hub, reference: Reference, state: Path | None) -> None:
        """Begin with none; `state`: the directory of what is kept, None: nothing is."""
        self.tally = Tally()
        self._hub = hub
        self._rights = Rights(hub, reference)
        self._state = state
        self._evaluation = Evaluation(hub, self.tally, self._note_hits)
        self._rules = Rules(hub.settings)
        self._identities: dict[str, Identity] = {}
        self._pending: list[Hit] = []
        self._batches = Batches()
        self._changing = asyncio.Lock()  # a rule is changed or deleted by one at a time
        self._ended: list[tuple[Delivery, str]] = []
        self._wake = asyncio.Event()
        self._noted_cursor = self._kept_cursor = ""  # in a batch; in the book
        self._unsaid: list[AlertWord] = []  # of an earlier server, once this one runs
        self._book: Book | None = None
        self.firings = Firings(hub)
        self._webhooks = Webhooks(
            self.tally,
            self._target,
            self._note_end,
            hub.clock.wall_ns,
            allow_private=hub.settings.alerts_allow_private,
        )

    @property
    def armed(self) -> int:
        """How many rules are evaluated."""
        return len(self._evaluation.index.rules)

    @property
    def sending(self) -> int:
        """How many webhooks are under way."""
        return len(self._webhooks)

    @property
    def owners(self) -> set[str]:
        """All who have rules, or firings that wait."""
        return {*self._rules.owners, *self.firings.owners}

    def account(self, owner: str) -> Account:
        """Return what an owner has."""
        states = Counter(rule.state for rule in self._rules.of(owner))
        waiting = len(self.firings.of(owner))
        return Account(owner, self._identities.get(owner), states, waiting)

    # What clients ask.

    async def add(self, request: RuleRequest, identity: Identity) -> StoredRule:
        """Keep a rule, and evaluate it from now on.

        Raises:
            InvalidParameter: its symbol is not listed, or its webhook not allowed.
            NotGranted: its owner may not read what it sees.
            TooManyRules: there are as many as may be.
            AlertsUnavailable: it cannot be kept.
        """
        owner = owner_key(identity)
        self._check(request, identity)
        self._rules.check_room(owner)
        key, now_ns = RULE_PREFIX + secrets.token_hex(_ID_BYTES), self._hub.clock.wall_ns()
        rule = StoredRule(key, owner, request.packed(), now_ns, self._evaluation.position)
        self._keep(rule)
        try:
            await self._write(rule, identity)
        except AlertsUnavailable:
            self._forget(rule)
            raise
        self._arm(rule)
        return rule

    async def change(self, key: str, request: RuleRequest, identity: Identity) -> StoredRule:
        """Put another condition in place of a rule's, and arm it again; raises as `add`.

        What the one before has fired is told as its own.
        """
        async with self._changing:
            rule = self.find(key, identity)
            self._check(request, identity)
            await self._settle_all()
            self._evaluation.index.remove(key)
            before = rule.asked, rule.state, rule.why, rule.fired_ns, rule.since
            rule.asked, rule.state, rule.why = request.packed(), RuleState.ARMED, ""
            rule.fired_ns, rule.since = 0, self._evaluation.position
            try:
                await self._write(rule, identity)
            except AlertsUnavailable:
                rule.asked, rule.state, rule.why, rule.fired_ns, rule.since = before
                self._batches.begin().rules.append(rule)
                raise
            finally:
                if rule.state is RuleState.ARMED:
                    self._arm(rule)
            return rule

    async def remove(self, key: str, identity: Identity) -> None:
        """Forget a rule; what it fired stays until it is acknowledged."""
        async with self._changing:
            rule = self.find(key, identity)
            await self._settle_all()
            changes = self._batches.changes()
            changes.delete("rules", key)
            await self._commit(changes)
            self._forget(rule)

    def find(self, key: str, identity: Identity) -> StoredRule:
        """Return somebody's rule.

        Raises:
            UnknownRule: there is none.
        """
        return self._rules.find(key, owner_key(identity))

    def of(self, identity: Identity) -> list[StoredRule]:
        """Return all rules of somebody, in the order in which they were made."""
        return self._rules.of(owner_key(identity))

    async def acknowledge(self, key: str, identity: Identity) -> AlertWord:
        """Note that the owner of a firing knows of it, and say so.

        Raises:
            UnknownRule: there is none.
            AlertsUnavailable: it cannot be kept.
        """
        fired = self.firings.find(key, owner_key(identity))
        word = self.firings.forget(fired, self._hub.clock.wall_ns())
        changes = Changes()
        self.firings.write(changes, word, is_said=False)
        try:
            await self._commit(changes)
        except AlertsUnavailable:
            self.firings.hold(fired)
            raise
        self.tally.acknowledged += 1
        await self._say([word])
        return word

    # What the server asks.

    def restore(self) -> None:
        """Take up what the book has, and evaluate every tick from now on."""
        if self._hub.follows:
            return
        self._book = book = Book(self._state)
        for owner, record in book.rows("owners"):
            self._identities[owner] = identity_of_record(record)
        armed = []
        for key, owner, record in book.rows("rules"):
            rule = StoredRule.of(key, owner, record)
            self._keep(rule)
            if rule.state is RuleState.ARMED:
                armed.append((rule, self._interval_ms(rule)))
        self._unsaid = self.firings.restore(book.rows("firings"))
        notes: dict[str, bytes] = dict(book.rows("notes"))
        self._kept_cursor = notes.get(_CURSOR, b"").decode()
        self._evaluation.begin(armed, self._kept_cursor, notes.get(_MEMORY, b""))
        for key, rule_id, body, attempts, until_ns in book.rows("deliveries"):
            owner = self._rules.owner_of(rule_id)
            self._webhooks.send(Delivery(key, owner, rule_id, body, until_ns, attempts))

    async def run(self) -> None:
        """Commit and tell what fires, for ever."""
        if self._book is None:
            return
        if self._unsaid:
            words, self._unsaid = self._unsaid, []
            await self._say(words)
        while True:
            due_s = self._evaluation.due_s
            try:
                async with asyncio.timeout(LOOK_S if due_s is None else min(LOOK_S, due_s)):
                    await self._wake.wait()
            except TimeoutError:
                self._evaluation.flush()
            self._wake.clear()
            await self._look()

    async def close(self) -> None:
        """Let what fired be kept, and close the book."""
        if self._book is None:
            return
        memory = self._evaluation.end()
        await self._webhooks.close()
        await self._settle_all()
        changes = self._batches.changes()
        if memory:
            changes.put("notes", _MEMORY, memory)
        with suppress(AlertsUnavailable):  # it may be gone: then all is written below
            await self._commit(changes)
        try:
            await self._book.close(self._due(changes))
        except sqlite3.Error as error:
            log.error("alerts_not_kept", why=str(error))  # noqa: TRY400 - its words say all
        self._book = None

    # What fires.

    def _note_hits(self, hits: list[Hit]) -> None:
        self._pending += hits
        self._wake.set()

    async def _look(self) -> None:
        """Commit and say what fired, and what else has changed."""
        self._settle()
        while count := len(self._batches):
            began_ns, cursor = perf_counter_ns(), self._noted_cursor
            try:
                await self._commit(self._batches.changes())
            except AlertsUnavailable:
                await asyncio.sleep(AGAIN_S)
                self._settle()
                continue
            self._kept_cursor = cursor
            words, sent = self._batches.drop(count)
            if words:
                self.tally.commit_ns.observe(perf_counter_ns() - began_ns)
                self.tally.firings += len(words)
                self.firings.hold(*words)
                for delivery in sent:
                    self._webhooks.send(delivery)
                await self._say(words)
        if self._pending:
            self._wake.set()

    async def _settle_all(self) -> None:
        """Settle all that fired by now, in turns of the loop."""
        self._settle()
        while self._pending:
            await asyncio.sleep(0)
            self._settle()

    def _settle(self) -> None:
        """Note in a batch what fired, ended and expired, and up to where ticks were seen.

        Of very much that fired at once it takes some: a price may reach the rules of many.
        """
        cursor = self._evaluation.position
        expired = self._evaluation.index.expired
        is_moved = bool(self._rules) and cursor != self._noted_cursor
        if not (self._pending or expired or self._ended or is_moved):
            return
        batch = self._batches.begin()
        hits, self._pending = self._pending[:_MOST_SETTLED], self._pending[_MOST_SETTLED:]
        for hit in hits:
            rule = self._rules.get(hit.rule_id)
            if rule is not None and rule.state is RuleState.ARMED:
                self._fire(rule, hit, batch)
        if not self._pending:  # one that expired may have fired before
            for key in expired:
                if (rule := self._rules.get(key)) is not None:
                    rule.state = RuleState.EXPIRED
                    batch.rules.append(rule)
            expired.clear()
        ended, self._ended = self._ended, []
        for delivery, flaw in ended:
            batch.changes.delete("deliveries", delivery.id)
            if (rule := self._rules.get(delivery.rule)) is not None:
                rule.webhook = f"given up: {flaw}" if flaw else "delivered"
                batch.rules.append(rule)
        if is_moved and not self._pending:  # all that fired up to there is in a batch
            self._noted_cursor = cursor
            batch.changes.put("notes", _CURSOR, cursor.encode())

    def _fire(self, rule: StoredRule, hit: Hit, batch: Batch) -> None:
        asked = rule.request
        if why := self._why_not(rule.owner, asked):
            self._evaluation.index.remove(rule.id)
            rule.state, rule.why = RuleState.SUSPENDED, why
            self.tally.suspended += 1
            log.warning("alert_suspended", rule=rule.id, why=why)
        else:
            rule.armings, rule.fired_ns = hit.arming + 1, self._hub.clock.wall_ns()
            if hit.is_last:
                rule.state = RuleState.FIRED
            word = rule.word(asked, hit, str(self._hub.broadcast.ring.position(hit.sequence)))
            self._batches.note_firing(rule.owner)
            until_ns = rule.fired_ns + int(self._hub.settings.alerts_webhook_s * _NS_PER_S)
            batch.fire(word, has_webhook=asked.webhook is not None, until_ns=until_ns)
        batch.rules.append(rule)

    async def _say(self, words: list[AlertWord]) -> None:
        """Publish words, and note that they are."""
        await self._hub.publisher.said(words)
        changes = Changes()
        for word in words:
            self.firings.write(changes, word, is_said=True)
        try:
            await self._commit(changes)
        except AlertsUnavailable as error:  # the next server says them once more
            log.warning("alerts_not_marked", why=str(error))

    # Whose rules they are.

    def _why_not(self, owner: str, asked: RuleRequest) -> str:
        """Return why a rule that was reached may not fire; "": it may."""
        most = self._hub.settings.alerts_max_firings_per_identity
        if self.firings.count(owner) + self._batches.firings(owner) >= most:
            return f"{most} alerts of yours wait; acknowledge some, and change the rule to arm it"
        return self._rights.why_not(asked, self._identities.get(owner))

    def _check(self, request: RuleRequest, identity: Identity) -> None:
        if self._book is None:
            raise AlertsUnavailable("this server follows another one, which has the rules; ask it")
        self._rights.check(request, identity)

    def _arm(self, rule: StoredRule) -> None:
        self._evaluation.arm(rule, self._interval_ms(rule))

    def _interval_ms(self, rule: StoredRule) -> int:
        """Return the interval of what the owner of a rule sees; 0: every tick."""
        return known.grants.conflate_ms if (known := self._identities.get(rule.owner)) else 0

    def _keep(self, rule: StoredRule) -> None:
        self._rules.keep(rule)
        self.tally.rules = len(self._rules)

    def _forget(self, rule: StoredRule) -> None:
        self._evaluation.index.remove(rule.id)
        self._rules.forget(rule)
        self.tally.rules = len(self._rules)

    async def _write(self, rule: StoredRule, identity: Identity) -> None:
        self._identities[rule.owner] = identity
        changes = self._batches.changes()
        changes.put("owners", rule.owner, record_of(identity))
        changes.put("rules", rule.id, rule.owner, rule.record())
        await self._commit(changes)

    async def _commit(self, changes: Changes) -> None:
        """Commit, or say that this cannot be done now.

        Raises:
            AlertsUnavailable: the disk does not take it, or the server ends.
        """
        if self._book is None:
            raise AlertsUnavailable("the server ends, or keeps no rules", AGAIN_S)
        try:
            await self._book.commit(self._due(changes))
        except sqlite3.Error as error:
            self.tally.failed_commits += 1
            log.error("alerts_not_kept", why=str(error))  # noqa: TRY400 - its words say all
            raise AlertsUnavailable(f"it cannot be kept: {error}", AGAIN_S) from None

    def _due(self, changes: Changes) -> Changes:
        """Return what has to be written for changes to be kept: all, where the file is gone."""
        if self._book is None or not self._book.is_gone:
            return changes
        under_way = self._webhooks.under_way()
        whole = everything(self._identities, self._rules, self.firings, under_way)
        whole.put("notes", _CURSOR, self._kept_cursor.encode())
        return whole.join(changes)

    def _target(self, key: str) -> Target | None:
        """Return where firings of a rule go, if its owner may see them still."""
        if (rule := self._rules.get(key)) is None:
            return None
        asked, owner = rule.request, self._identities.get(rule.owner)
        hook = None if self._rights.why_not(asked, owner) else asked.webhook
        return None if hook is None or hook.secret is None else Target(hook.url, hook.secret)

    def _note_end(self, delivery: Delivery, flaw: str) -> None:
        self._ended.append((delivery, flaw))
        self._wake.set()
