"""Who may work on a result, and through which delivery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One worker's right to a result, until it lapses or is taken over.

    Attributes:
        result: key of the painted video; one worker at a time holds it, whatever the job.
        owner: unguessable, of this claim alone.
        token: milliseconds of the claim since 1970. It rises from claim to claim of a result, also
            across jobs, and so orders what is written about it (a fencing token).
        last_reason: why the attempt before this one was given back, "" where none was.
    """

    job_id: str
    result: str
    owner: str
    token: int
    last_reason: str = ""


@dataclass(frozen=True)
class Delivery:
    """How a request reached this worker.

    Attributes:
        message: id of the queue's message that carries it; "" where nobody brings it again.
        last_attempt: after a failure nobody tries again.
        asks_anew: what was rejected, or failed, is tried again.
        keep: called every few seconds; keeps the message from other workers for a while.
    """

    message: str = ""
    last_attempt: bool = True
    asks_anew: bool = True
    keep: Callable[[], None] = lambda: None
