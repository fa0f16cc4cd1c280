"""The allowance: whether somebody may have one generation more, by what they have and had.

An owner is an identity, or an address; nobody's limits count for programs on this machine that show
no credential, but those of all together do. Knows no clock.
"""

from collections import Counter
from collections.abc import Hashable

from feed.generations.model import ModelError, ModelFault
from feed.settings.language_models import LanguageModelOptions
from feed.trust.rates import Rates

MINUTE_S = 60
BUSY_S = 5.0  # after which somebody may come again who found too many
BYTES_A_TOKEN = 4  # of a prompt, about; what the model counted replaces it
_NS_PER_S = 1_000_000_000


class Allowance:
    """Who may begin one more.

    Attributes:
        running: generations now.
    """

    __slots__ = ("_limits", "_of", "_rates", "running")

    def __init__(self, limits: LanguageModelOptions) -> None:
        """Begin with nobody."""
        self._limits = limits
        self.running = 0
        self._of: Counter[Hashable] = Counter()
        self._rates = Rates(MINUTE_S)  # a whole minute's tokens may be asked for at once

    def enter(self, owner: Hashable, prompt_bytes: int, mono_ns: int) -> None:
        """Count a generation that begins, and the tokens that its prompt has, about.

        Args:
            owner: whose it is; "": nobody's.
            prompt_bytes: of all turns.
            mono_ns: now.

        Raises:
            ModelError: it may not begin.
        """
        limits = self._limits
        most_bytes, most_running = limits.llm_max_prompt_bytes, limits.llm_max_running
        if prompt_bytes > most_bytes:
            words = f"the prompt has {prompt_bytes} bytes; accepted: at most {most_bytes}"
            raise ModelError(ModelFault.TOO_LONG, words)
        if self.running >= most_running:
            raise _too_many(f"{most_running} answers are being written; come back when one is")
        if owner:
            self._check(owner, mono_ns)
        self.running += 1
        self._of[owner] += 1
        self.spend(owner, -(-prompt_bytes // BYTES_A_TOKEN), mono_ns)

    def _check(self, owner: Hashable, mono_ns: int) -> None:
        """Refuse somebody who has as many answers, or has had as many tokens, as one may.

        Raises:
            ModelError: they have.
        """
        most, per_minute = (
            self._limits.llm_max_running_per_identity,
            self._limits.llm_tokens_per_minute,
        )
        if self._of[owner] >= most:
            words = f"{most} answers of yours are being written; come back when one is, or cancel"
            raise _too_many(words)
        wait_ns = self._rates.wait_ns(owner, per_minute, mono_ns)
        if wait_ns:
            raise ModelError(
                ModelFault.RATE_LIMITED,
                f"more than {per_minute} tokens a minute",
                retry_after_s=wait_ns / _NS_PER_S,
            )

    def spend(self, owner: Hashable, tokens: int, mono_ns: int) -> None:
        """Count tokens that were read or written for an owner."""
        if owner and tokens > 0:
            most = self._limits.llm_tokens_per_minute
            self._rates.count(owner, most, mono_ns, tokens * MINUTE_S)

    def leave(self, owner: Hashable) -> None:
        """Count a generation no longer."""
        self.running -= 1
        self._of[owner] -= 1
        if not self._of[owner]:
            del self._of[owner]


def _too_many(words: str) -> ModelError:
    return ModelError(ModelFault.TOO_MANY, words, retry_after_s=BUSY_S)
