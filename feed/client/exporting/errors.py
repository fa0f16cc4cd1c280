"""The errors of exports: a branch of the client's."""

from feed.errors import FeedError


class ExportFailed(FeedError):
    """A job has no file, and none comes.

    Attributes:
        id: of the job.
        code: why, for programs: `disk_full`, `cancelled`, `not_granted` …
        words: the same for a person.
    """

    def __init__(self, key: str, code: str, words: str) -> None:
        self.id = key
        self.code = code
        self.words = words
        super().__init__(f"{key} has no file: {words or code}")


class WrongChecksum(FeedError):
    """What was downloaded is not what the server has written.

    Attributes:
        expected, found: SHA-256 in hexadecimal digits.
    """

    def __init__(self, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"the file has the SHA-256 {found}, and not {expected}; export it again")
