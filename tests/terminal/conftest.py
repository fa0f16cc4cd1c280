"""Fixtures of the terminal's tests."""

import pytest

from tests.terminal.answers import Answers, MakeServer


@pytest.fixture
async def answers(aiohttp_server: MakeServer) -> Answers:
    """Start a server whose answers the test decides."""
    answers = Answers()
    await answers.start(aiohttp_server)
    return answers
