"""`GET /v1/admin/alerts`: who has how many rules and alerts, as administrators see it."""

import re
from collections.abc import Iterator

from aiohttp import web

from feed.alerting.account import Account
from feed.alerting.rule import RuleState
from feed.errors import InvalidParameter
from feed.http.admin import limit_of_page, page_behind
from feed.http.alerts.forms import AccountLine, AccountsAnswer
from feed.http.answers import json_answer
from feed.http.server import Server
from feed.hub.steps import Step
from feed.market.alert_words import OWNER_PATTERN


async def accounts(request: web.Request, server: Server) -> web.Response:
    """List owners by their digests, page by page: `{"owners","next","total"}`.

    Raises:
        HTTPForbidden: it comes from a page of another origin.
        InvalidParameter: a parameter is not accepted.
    """
    server.origins.check_named(request)
    limit, after = limit_of_page(request), request.query.get("after")
    if after is not None and not re.fullmatch(OWNER_PATTERN, after):
        raise InvalidParameter("after", after, "an owner as it is listed: own_ and 32 digits")
    owners = sorted(server.alerts.owners)
    page, following = page_behind(owners, after, limit)
    lines: list[AccountLine] = []

    def telling() -> Iterator[None]:
        for owner in page:  # each may have a thousand rules
            lines.append(_line(server.alerts.account(owner)))
            yield

    await server.hub.turns.in_slices(telling(), Step.ANSWER)
    answer: AccountsAnswer = {
        "owners": lines,
        "next": following,
        "total": len(owners),
    }
    return json_answer(answer)


def _line(account: Account) -> AccountLine:
    who = account.identity
    return {
        "owner": account.owner,
        "identity": None if who is None else {"kind": who.kind, "id": who.id, "name": who.name},
        "rules": {state: account.rules[state] for state in RuleState},
        "firings": account.firings,
    }
