"""The errors of artreel, by who must act.

::

    ArtreelError
    ├── Rejected      the user: the input can't be painted; never retried, the reason is theirs
    ├── Unavailable   nobody: something was out of reach for a moment; retried
    │   └── Busy      another worker is at the same job; retried when that one must have ended
    └── Defect        us: a broken deployment or a bug; retried as far as the queue goes, alarmed

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


class Unavailable(ArtreelError):
    """A service did not answer now and is expected to later."""


class Busy(Unavailable):
    """Another worker is at the same job."""


class Defect(ArtreelError):
    """artreel itself, or its deployment, is at fault."""
