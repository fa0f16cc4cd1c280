"""The fence without the rule of terms, to see that trials find what it keeps away.

Without it, whoever has read to the end goes on there at once, and whoever is refused asks how long
the stream is by now and sends again, as the server's refusal invites to.
"""

from feed.cluster.batch import Batch
from feed.cluster.fence import Done, Fence, Order, Send


class WithoutTerms(Fence):
    """Writes wherever the stream ends."""

    def begin(self, last: int, newest: Batch | None, epoch: str, offset_ns: int) -> Order:
        super().begin(last, newest, epoch, offset_ns)
        assert self._sent is not None
        term, self._sent = self._sent, None
        self.leads = True
        return Done(term, last)

    def found(self, batch: Batch | None, last: int) -> Order:
        sent = self._sent
        assert sent is not None
        if batch is not None and self._is_ours(batch, sent):
            return self._done()
        self.last = last
        return Send(sent, last)
