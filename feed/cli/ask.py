"""`feed ask`: a question to a language model of a server, and the answer as it is written."""

import logging
import sys
from typing import Annotated

import typer

from feed.cli.listening import Key, Quiet, Secret, Text, Url
from feed.cli.plumbing import event_writer, naming_options, run_until_signal, warn_of_variables
from feed.cli.streams import print_lines, tell
from feed.errors import InvalidParameter, LimitExceeded

STANDARD_INPUT = "-"
MAX_PROMPT_BYTES = 1 << 24  # of standard input; a server accepts less, and says how much
_NAMES = {"prompt": "PROMPT", "id": "--watch"}


def ask(  # noqa: PLR0917 - one parameter an option
    context: typer.Context,
    prompt: Annotated[
        str | None, typer.Argument(metavar="PROMPT", help="The question; - is standard input.")
    ] = None,
    url: Url = "http://127.0.0.1:8080",
    model: Annotated[
        Text, typer.Option("--model", help="Which model; by default the server chooses.")
    ] = None,
    symbols: Annotated[
        Text,
        typer.Option("--symbols", help="Answer by the facts of these, with commas, or of all: *."),
    ] = None,
    share: Annotated[
        bool, typer.Option("--share", help="Let others watch, and say by which id.")
    ] = False,
    watch: Annotated[
        Text,
        typer.Option("--watch", metavar="ID", help="Ask nothing; read what somebody shared."),
    ] = None,
    key: Key = None,
    secret: Secret = None,
    quiet: Quiet = False,
) -> int:
    """Ask a language model of a server, and print its answer while it is written.

    Goes on where it stood when a connection is lost. Ctrl-C stops the model; what it has said by
    then is printed. With --watch ID an answer is read that somebody shared: first its text so far.
    """
    from feed.client.generating.making import (  # noqa: PLC0415 - aiohttp is slow
        generate,
        watch_answer,
    )
    from feed.terminal.ask import ask as print_answer  # noqa: PLC0415
    from feed.terminal.ask import watch as print_shared  # noqa: PLC0415

    tell_event = event_writer("ask", quiet=quiet)
    warn_of_variables(tell_event)
    # The command tells all events itself.
    logging.getLogger("feed.client").addHandler(logging.NullHandler())
    if watch is not None:
        _check_nothing_is_asked(prompt, model, symbols, share=share)
        with naming_options(context, names=_NAMES):
            shared = watch_answer(url, watch, on_event=tell_event, key=key, secret=secret)
        return run_until_signal(shared, lambda: print_shared(shared, print_lines, tell_event))
    question = _question(prompt)
    with naming_options(context, names=_NAMES):
        answer = generate(
            url,
            question,
            model=model,
            symbols=symbols,
            share=share,
            key=key,
            secret=secret,
            on_event=tell_event,
        )

    async def work() -> None:
        if share:
            tell(f"feed ask: others read along with feed ask --watch {answer.id}")
        await print_answer(answer, print_lines, tell_event)

    return run_until_signal(answer, work)


def _check_nothing_is_asked(
    prompt: str | None, model: str | None, symbols: str | None, *, share: bool
) -> None:
    asked = {"PROMPT": prompt, "--model": model, "--symbols": symbols, "--share": share or None}
    for name, value in asked.items():
        if value is not None:
            raise InvalidParameter(name, value, "only without --watch, which asks nothing")


def _question(prompt: str | None) -> str:
    """Return what is asked: the argument, or all of standard input."""
    if prompt == STANDARD_INPUT:
        text = sys.stdin.buffer.read(MAX_PROMPT_BYTES + 1)
        if len(text) > MAX_PROMPT_BYTES:
            raise LimitExceeded("bytes of a question", len(text), MAX_PROMPT_BYTES)
        prompt = text.decode(errors="replace")
    if prompt is None:
        raise InvalidParameter("PROMPT", prompt, "a question, or - for standard input")
    return prompt
