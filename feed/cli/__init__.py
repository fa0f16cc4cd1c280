"""The command line: options in, one call, an exit status out; a file for each family of commands.

Here belong commands, and what they share (`plumbing`). Not here: what a command does. What it needs
is imported when it runs, so that `feed --help` does not wait for aiohttp or pydantic. May import
`feed.program` and below.
"""

from feed.cli.commands import main

__all__ = ["main"]
