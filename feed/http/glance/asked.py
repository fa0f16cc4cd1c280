"""What a query asks for of the market at a glance."""

from collections.abc import Collection

from aiohttp import web

from feed.errors import InvalidParameter
from feed.http.answers import number_of
from feed.market.glance.glance import HEAT, MOST_HEAT, TOP, By, Terms

MOST_ROWS = 50  # of each list of the market; the dialect's are longer


def terms_of(request: web.Request) -> Terms:
    """Return what a request asks for.

    Raises:
        InvalidParameter: a value is not accepted.
    """
    return Terms(
        top=number_of(request, "top", TOP, (1, MOST_ROWS)),
        by=by_of(request, tuple(By)),
        heat=number_of(request, "heat", HEAT, (0, MOST_HEAT)),
        asset_class=request.query.get("asset_class", ""),
    )


def by_of(request: web.Request, accepted: Collection[By]) -> By:
    """Return what makes symbols active.

    Raises:
        InvalidParameter: `by` is none of what is accepted.
    """
    by = request.query.get("by", By.VOLUME)
    if by not in accepted:
        raise InvalidParameter("by", by, ", ".join(accepted))
    return By(by)
