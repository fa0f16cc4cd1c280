"""The routes of alerts."""

from http import HTTPStatus

from aiohttp import hdrs

from feed.alerting.request import RuleRequest
from feed.http.alerts import admin, forms, watching
from feed.http.edge.forward import forward
from feed.http.route import Body, Route
from feed.http.scopes import Scope

_RULE = f"{watching.PATH}/{{rule}}"
_OF_BODIES = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_UNKNOWN = (HTTPStatus.NOT_FOUND,)

ALERT_ROUTES = (
    Route(
        watching.PATH,
        watching.make,
        Scope.GRANTED,
        "a rule that is evaluated on every tick from now on",
        body=Body.AS_IS,
        method=hdrs.METH_POST,
        in_line=False,  # its body may take its time
        says={201: forms.RuleAnswer},
        refuses=(*_OF_BODIES, HTTPStatus.TOO_MANY_REQUESTS),
        asks=RuleRequest,
        hand_on=forward,
    ),
    Route(
        watching.PATH,
        watching.rules,
        Scope.GRANTED,
        "one's own rules in the order of their ids, in pages",
        ("limit", "after"),
        says={200: forms.RulesAnswer},
        hand_on=forward,
    ),
    Route(
        watching.FIRINGS,
        watching.firings,
        Scope.GRANTED,
        "one's own firings that are not acknowledged",
        says={200: forms.FiringsAnswer},
        hand_on=forward,
    ),
    Route(
        f"{watching.FIRINGS}/{{alert}}/acknowledge",
        watching.acknowledge,
        Scope.GRANTED,
        "that a firing is acknowledged, which is told on the channel",
        body=Body.AS_IS,
        method=hdrs.METH_POST,
        in_line=False,  # it is committed first
        says={200: forms.FiringAnswer},
        refuses=(*_UNKNOWN, HTTPStatus.SERVICE_UNAVAILABLE),
        hand_on=forward,
    ),
    Route(
        _RULE,
        watching.look,
        Scope.GRANTED,
        "a rule as it stands",
        says={200: forms.RuleAnswer},
        refuses=_UNKNOWN,
        hand_on=forward,
    ),
    Route(
        _RULE,
        watching.change,
        Scope.GRANTED,
        "a rule that was changed, and is armed again; null removes a key",
        body=Body.AS_IS,
        method=hdrs.METH_PATCH,
        in_line=False,
        says={200: forms.RuleAnswer},
        refuses=(*_UNKNOWN, *_OF_BODIES),
        asks=RuleRequest,
        hand_on=forward,
    ),
    Route(
        _RULE,
        watching.remove,
        Scope.GRANTED,
        "that a rule is deleted",
        body=Body.AS_IS,
        method=hdrs.METH_DELETE,
        in_line=False,
        says={200: forms.DeletedAnswer},
        refuses=(*_UNKNOWN, HTTPStatus.SERVICE_UNAVAILABLE),
        hand_on=forward,
    ),
    Route(
        "/v1/admin/alerts",
        admin.accounts,
        Scope.ADMIN,
        '`{"owners","next","total"}`: who has how many rules and alerts',
        ("limit", "after"),
        says={200: forms.AccountsAnswer},
        hand_on=forward,
    ),
)
