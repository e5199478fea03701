"""Jobs that ask for a sheet of what every style would look like."""

from __future__ import annotations

import time
from dataclasses import asdict

from handler.domain.errors import Rejected
from handler.domain.job import PREVIEW_FRAMES, Job
from handler.domain.media import VideoFacts
from handler.domain.plan import Work, work_of_preview
from handler.domain.ports import Frame
from handler.pipeline.attempt import Attempt
from handler.pipeline.deadline import Deadline
from handler.pipeline.fetch_styles import every_style, fetch_styles, pictures_of
from handler.pipeline.preview import PreviewOrder, bounded_picture, preview
from handler.pipeline.report import estimated, micros, plain_facts
from handler.pipeline.studio import Studio
from handler.pipeline.style_picture import style_picture
from handler.pipeline.telling_frames import SAMPLES
from handler.pipeline.workspace import need_room, workspace

MOST_STYLES = 24


def preview_and_publish(job: Job, studio: Studio, attempt: Attempt) -> None:
    """Get the sheet published; what an earlier attempt has published already is left as it is.

    The sheet goes last: where it is, the report is, too. A picture that can't be read is left out
    and told of in the report.
    """
    if attempt.published(job.result):
        return
    deadline = Deadline(job.timeline, studio.seconds_left, studio.longest_run_seconds)
    attempt.announce_running()
    with studio.accounts.open(job) as account, workspace() as folder:
        began = time.monotonic()
        names = every_style(studio, MOST_STYLES)
        pictures: dict[str, Frame] = {}
        unreadable: dict[str, str] = {}
        for style in names:
            try:
                files = fetch_styles(pictures_of([style], studio), studio, folder)
                pictures[style] = bounded_picture(style_picture(style, files, studio.media))
            except Rejected as rejection:
                unreadable[style] = rejection.reason
        if not pictures:
            raise Rejected(f"no style can be shown: {unreadable[names[0]]}")
        source = folder / "source"
        need_room(folder, job.source_bytes, "the video")
        studio.store.download(job.source, source)
        fetched = time.monotonic()
        painter, calibration = studio.painter(), studio.accounts.calibration
        order = PreviewOrder(
            source=source,
            styles=pictures,
            sheet=folder / "sheet.jpg",
            working_size_px=job.working_size_px,
        )

        def approve(facts: VideoFacts) -> None:
            def work(size: tuple[int, int], paint_seconds: float) -> Work:
                return work_of_preview(
                    facts,
                    order.looks * PREVIEW_FRAMES,
                    SAMPLES + PREVIEW_FRAMES,
                    size,
                    calibration,
                    paint_seconds,
                )

            account.approve_work(facts, painter, work, deadline)

        done = preview(order, studio.media, painter, studio.motion(), attempt.progress, approve)
        paintings = done.looks * len(done.frames)
        studio.observer.painted(paintings, paintings, done.seconds, account.cost_usd)
        written = {
            "job_id": job.job_id,
            "created_at": studio.now().isoformat(timespec="milliseconds"),
            "source": {**asdict(job.source), **plain_facts(done.source)},
            "result": {"key": job.result},
            "shown": [round(float(index / done.source.frame_rate), 3) for index in done.frames],
            "styles": list(pictures),
            "unreadable": unreadable,
            "working_size": list(done.working_size),
            "frames": paintings,
            "frames_painted": paintings,
            "seconds": {
                "fetch": round(fetched - began, 3),
                "paint": round(done.seconds, 3),
                "total": round(time.monotonic() - began, 3),
            },
            "engine": dict(painter.description),
            "cost_usd": micros(account.cost_usd),
            "estimate": estimated(account.plan),
        }
        attempt.publish_json(written, job.results.report)
        attempt.publish(order.sheet, job.result, "image/jpeg")
