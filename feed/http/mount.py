"""The place of the application within another one: `add_subapp("/prices", …)`.

aiohttp puts the prefix before every path, those of requests and those of routes alike. Whoever
compares a path, or names one to a client, asks here.
"""

from aiohttp import web

from feed.http.callers import caller_of


class Mount:
    """Where the application stands; known only once it is mounted, so it is looked up each time."""

    __slots__ = ("_path", "_resource")

    def __init__(self, resource: web.AbstractResource, path: str) -> None:
        """Learn it from a resource.

        Args:
            resource: of the application.
            path: of that resource, where the application stands alone.
        """
        self._resource = resource
        self._path = path

    @property
    def prefix(self) -> str:
        """The prefix of all paths; "" where the application stands alone."""
        return self._resource.canonical.removesuffix(self._path)


MOUNT = web.AppKey("mount", Mount)


def mount_of(request: web.Request) -> str:
    """Return the prefix that our application has within another one; "": it stands alone."""
    mount = request.app.get(MOUNT)
    return "" if mount is None else mount.prefix


def path_of(request: web.Request) -> str:
    """Return the path of a request within our application."""
    return request.path.removeprefix(mount_of(request))


def prefix_of(request: web.Request) -> str:
    """Return the prefix of our paths for whoever asks; a proxy may have taken a part of it off."""
    return caller_of(request).prefix + mount_of(request)
