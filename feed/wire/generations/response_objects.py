"""The objects of OpenAI's Responses API, with all their fields.

Source: the API reference, "Responses", as the types of the SDKs have it (openai 3.57 for Python,
6.49 for Node).
"""

from typing import Any

from feed.market.generation_words import ID_PREFIX, GenerationState, GenerationWord
from feed.market.ticks import SECOND_NS
from feed.wire.generations.asked import Echo
from feed.wire.generations.endings import failure_code, failure_words, grounding, has_failed
from feed.wire.generations.openai_errors import code_of

_STATUSES = {
    GenerationState.RUNNING: "in_progress",
    GenerationState.STOP: "completed",
    GenerationState.LENGTH: "incomplete",
    GenerationState.CANCELLED: "cancelled",
    GenerationState.FAILED: "failed",
    GenerationState.INTERRUPTED: "failed",
}


def response(
    word: GenerationWord, text: str | None, begun: GenerationWord, echo: Echo
) -> dict[str, Any]:
    """Return a response as it stands after a word.

    Args:
        word: with its state.
        text: so far; None: the message has not begun.
        begun: the first word of its generation.
        echo: what it repeats of its request.
    """
    is_completed = word.state is GenerationState.STOP
    is_cut = word.state is GenerationState.LENGTH
    return {
        "id": word.symbol,
        "object": "response",
        "created_at": begun.event_ns // SECOND_NS,
        "status": _STATUSES[word.state],
        "background": echo.background,
        "completed_at": word.event_ns // SECOND_NS if is_completed else None,
        "conversation": None,
        "error": _failure(word),
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "instructions": echo.instructions,
        "max_output_tokens": echo.max_output_tokens,
        "max_tool_calls": None,
        "metadata": dict(echo.metadata),
        "model": begun.model,
        "output": [] if text is None else [item(word, text)],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": None,
        "store": echo.store,
        "temperature": echo.temperature,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": echo.top_p,
        "truncation": "disabled",
        "usage": _usage(word) if word.is_over else None,
        "user": None,
    } | grounding(begun)


def item(word: GenerationWord, text: str | None) -> dict[str, Any]:
    """Return the one message of a response; see `response`."""
    status = _STATUSES[word.state]
    return {
        "id": item_id(word),
        "type": "message",
        "status": status if status in {"in_progress", "completed"} else "incomplete",
        "role": "assistant",
        "content": [] if text is None else [part(text)],
    }


def item_id(word: GenerationWord) -> str:
    """Return the id of a generation's message."""
    return f"msg_{word.symbol.removeprefix(ID_PREFIX)}"


def part(text: str) -> dict[str, Any]:
    """Return the one part of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _failure(word: GenerationWord) -> dict[str, Any] | None:
    if not has_failed(word):
        return None
    return {"code": code_of(failure_code(word)), "message": failure_words(word)}


def _usage(word: GenerationWord) -> dict[str, Any]:
    return {
        "input_tokens": word.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": word.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": word.prompt_tokens + word.completion_tokens,
    }
