"""The command line: options in, one call, an exit status out; a file for each family of commands.

Here belong commands, and the parts that they share (`plumbing`). Not here: the work of a command.
It is imported when the command runs, so that `feed --help` does not wait for aiohttp or pydantic.
May import `feed.program` and below.
"""

from feed.cli.commands import main

__all__ = ["main"]
