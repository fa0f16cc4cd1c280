"""The options of a source that follows another feed server."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field
from yarl import URL

from feed.sources.options import KeyFile, SourceOptions, refusal
from feed.sources.source import Source
from feed.sources.writer_place import UNIX

_NO_KEYS = (
    "no key on a command line, which others see: it comes from the variables FEED_KEY and "
    "FEED_SECRET, or from the file that --key-file names"
)


def _is_server(value: str) -> str:
    if value.startswith(UNIX):
        if not value.removeprefix(UNIX).startswith("/"):
            raise refusal(FollowOptions.accepted_words())
        return value
    try:
        url = URL(value)
    except ValueError:
        raise refusal(FollowOptions.accepted_words()) from None
    if url.user is not None or url.password is not None:
        raise refusal(_NO_KEYS)
    if url.scheme not in {"http", "https"} or not url.host or url.query_string or url.fragment:
        raise refusal(FollowOptions.accepted_words())
    return value


class FollowOptions(SourceOptions):
    """Another feed server, with its sequences."""

    usage = "feed:URL"
    where = (
        "URL is a feed server that grants `follow`, such as https://ticks.example, or one on this "
        "machine: unix:/run/feed/bus.sock"
    )
    keys_come = _NO_KEYS
    gives_sequences: ClassVar[bool] = True

    place: Annotated[str, AfterValidator(_is_server)]
    key_file: KeyFile = Field(
        default=None,
        description="File with lines FEED_KEY=… and FEED_SECRET=…, for the server that is "
        "followed; in place of the variables.",
    )

    def make(self) -> Source:
        """Return what follows it."""
        from feed.sources.follow.source import FollowSource  # noqa: PLC0415 - brings aiohttp

        return FollowSource(self.place, self.key_file or "")

    def describe(self) -> str:
        """Return which server it is."""
        return f"what {self.place} serves, with its positions"
