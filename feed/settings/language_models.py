"""The options of language models: which upstream answers, how long it may take, what is allowed.

Its key is no option: on a command line others would see it. It comes from the variable `LLM_KEY`
names. Knows neither the upstream nor the effect of an option.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_settings import NoDecode
from yarl import URL

from feed.settings.numbers import COUNT, SECONDS, Count, Seconds
from feed.sources.options import Accepts, Options, not_a_boolean, refusal, texts

LLM_KEY = "FEED_LLM_KEY"  # the variable of the upstream's key, if it wants one
EMBEDDED = "market"  # the model of this package, which no upstream has to be there for
MAX_MODELS = 1_000
MAX_NAME_LENGTH = 256

_NO_KEYS = f"no key in it, which others see: it comes from the variable {LLM_KEY}"
_BASE = "the base of an OpenAI-compatible API, such as http://127.0.0.1:8000/v1"
_MODEL = f"NAME=UPSTREAM, each of 1 to {MAX_NAME_LENGTH} printable characters without spaces"
_ENDPOINT = "/chat/completions"


def _is_base(value: str) -> str:
    """Return the base of an API without the slash at its end."""
    if not value.isprintable() or " " in value:  # yarl mends both
        raise refusal(_BASE)
    try:
        url = URL(value)
        port = url.port
    except ValueError:
        raise refusal(_BASE) from None
    if url.user is not None or url.password is not None:
        raise refusal(_NO_KEYS)
    is_base = not (url.query_string or url.fragment or url.path.rstrip("/").endswith(_ENDPOINT))
    if url.scheme not in {"http", "https"} or not url.host or not port or not is_base:
        raise refusal(_BASE)
    return value.rstrip("/")


def _is_mapping(value: str) -> str:
    name, _, upstream = value.partition("=")
    for text in (name, upstream):
        if not (0 < len(text) <= MAX_NAME_LENGTH and text.isprintable() and " " not in text):
            raise ValueError("not two names")
    if name == EMBEDDED:
        raise refusal(f"any NAME but {EMBEDDED}, which is the model of this server itself")
    return value


def _are_of_an_upstream(value: Sequence[str], info: ValidationInfo) -> Sequence[str]:
    """Refuse models where there is no upstream, and a name that is two of its models."""
    if value and "llm" in info.data and info.data["llm"] is None:
        raise refusal("models together with --llm, whose they are")
    names = [text.partition("=")[0] for text in value]
    if len({*names}) < len(names):
        raise refusal("each NAME once")
    return value


class LanguageModelOptions(Options):
    """The options of generations, whichever model answers."""

    llm: Annotated[
        Annotated[str, Field(max_length=2_048), AfterValidator(_is_base)] | None, Accepts(_BASE)
    ] = Field(
        default=None,
        description="Language models to ask, by an OpenAI-compatible API; its key comes from "
        f"{LLM_KEY}. By default the server answers by itself, with a summary of the market.",
    )
    llm_model: Annotated[
        tuple[Annotated[str, AfterValidator(_is_mapping)], ...],
        NoDecode,
        BeforeValidator(texts),
        Field(max_length=MAX_MODELS),
        AfterValidator(_are_of_an_upstream),
        Accepts(_MODEL),
    ] = Field(
        default=(),
        description="Name by which clients ask for a model of --llm, and its own; may be "
        "repeated. Without any, all its models are there under their own names.",
    )
    llm_linger_s: Annotated[
        Annotated[
            float, BeforeValidator(not_a_boolean), Field(ge=0, le=86_400, allow_inf_nan=False)
        ],
        Accepts("seconds, from 0 (it stops at once) to 86400"),
    ] = Field(default=60.0, description="How long a generation goes on that nobody watches.")
    llm_connect_s: Annotated[Seconds, SECONDS] = Field(
        default=5.0, description="How long a connection to --llm may take."
    )
    llm_first_token_s: Annotated[Seconds, SECONDS] = Field(
        default=30.0, description="How long the first token may take, attempts included."
    )
    llm_between_tokens_s: Annotated[Seconds, SECONDS] = Field(
        default=30.0, description="How long --llm may be silent between two tokens."
    )
    llm_max_prompt_bytes: Annotated[Count, COUNT] = Field(
        default=262_144, description="Bytes of a prompt, all its messages together."
    )
    llm_max_tokens: Annotated[Count, COUNT] = Field(
        default=4_096, description="Tokens of an answer."
    )
    llm_max_answer_bytes: Annotated[Count, COUNT] = Field(
        default=1_048_576, description="Bytes of an answer."
    )
    llm_max_running: Annotated[Count, COUNT] = Field(
        default=64, description="Generations that run at once."
    )
    llm_max_running_per_identity: Annotated[Count, COUNT] = Field(
        default=8, description="Those of one identity."
    )
    llm_tokens_per_minute: Annotated[Count, COUNT] = Field(
        default=60_000, description="Tokens a minute of one identity, prompts included."
    )

    @property
    def llm_models(self) -> dict[str, str]:
        """The upstream's own name of each model, by the name that clients use."""
        pairs = (text.partition("=") for text in self.llm_model)
        return {name: upstream for name, _, upstream in pairs}
