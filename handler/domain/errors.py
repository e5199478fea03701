"""The errors of artreel, by who must act.

::

    ArtreelError
    ├── Rejected      the user: the input can't be painted; never retried, the reason is theirs
    │   ├── Superseded  nobody: a newer upload under the same key is painted instead
    │   ├── Cancelled   nobody: its owner does not want it any more
    │   └── TooLong     the user, unless many workers can paint what one can't
    ├── Unavailable   nobody: something was out of reach for a moment; retried
    │   ├── Busy        another worker holds this result; retried when its claim must have lapsed
    │   ├── ClaimLost   another worker took this result over
    │   └── Changed     an object is no longer the one that was to be replaced
    └── Defect        us: a broken deployment or a bug; retried as far as the queue goes, alarmed
        ├── Refused     whoever chose the credentials or names; AWS does not take them
        ├── SeekMissed  nobody: a chunk has to be decoded from the start of the file
        └── IndexTooLarge  nobody: a result has to be written with more room for its index

Adapters translate foreign exceptions into these at their border; entry points translate these
into what their caller understands (a partial batch failure, an exit code).
"""

from __future__ import annotations


class ArtreelError(Exception):
    """Base of every error that artreel raises on purpose; its text is one plain sentence."""

    @property
    def reason(self) -> str:
        """The sentence to show to a person."""
        return str(self)


class Rejected(ArtreelError):
    """The input can't be painted, however often it is tried."""


class Superseded(Rejected):
    """A newer upload under the same key is painted instead."""


class Cancelled(Rejected):
    """Its owner does not want it any more."""


class TooLong(Rejected):
    """One worker can't finish it."""


class Unavailable(ArtreelError):
    """A service did not answer now and is expected to later."""


class Busy(Unavailable):
    """Another worker holds this result.

    Attributes:
        seconds: after which its claim has lapsed, unless it renews it.
        carrier: id of the queue's message through which that worker has this very job and which
            brings it back should the worker die; "" where it is another job or no message.
    """

    def __init__(self, seconds: float, carrier: str = "") -> None:
        super().__init__("another worker is painting this")
        self.seconds = seconds
        self.carrier = carrier


class ClaimLost(Unavailable):
    """Another worker took this result over."""


class Changed(Unavailable):
    """An object is no longer the one that was to be replaced."""


class Defect(ArtreelError):
    """artreel itself, or its deployment, is at fault."""


class Refused(Defect):
    """AWS does not take the credentials or names it was given."""


class SeekMissed(Defect):
    """A video could not be decoded from where it was thought to."""


class IndexTooLarge(Defect):
    """The index of a result has no room at its beginning.

    Attributes:
        missing_bytes: that it would need beside those it was given.
    """

    def __init__(self, missing_bytes: int) -> None:
        super().__init__(f"the index of the painted video is {missing_bytes} bytes too large")
        self.missing_bytes = missing_bytes
