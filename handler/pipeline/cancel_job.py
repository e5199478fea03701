"""Say that a job is not wanted any more."""

from __future__ import annotations

from handler.domain.errors import Rejected
from handler.domain.ports import ObjectStore
from handler.domain.status import State
from handler.pipeline.find_job import FoundJob


def cancel_job(job: FoundJob, store: ObjectStore) -> bool:
    """Mark the newest version of the upload as cancelled, as often as one likes.

    A worker that paints it sees the mark at its next look (``handler.pipeline.attempt``), one that
    has not begun will not begin. Until the painted video is put under its key the mark wins, from
    then on the video does: a job ends either way, never both ways.

    Returns:
        Whether it has ended as cancelled already.

    Raises:
        Rejected: it ended otherwise, or its upload is gone.
    """
    if job.end:
        if job.end.state is State.CANCELLED:
            return True
        raise Rejected(f"{job.key} can't be cancelled any more: it has {_ended(job.end.state)}")
    if job.newest is None:
        raise Rejected(f"{job.key} is gone from the bucket, so its worker can't be told")
    store.cancel(job.newest)
    return False


def _ended(state: State) -> str:
    return "been rejected" if state is State.REJECTED else state.value
