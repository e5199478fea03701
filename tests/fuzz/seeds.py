"""Honest files to damage: real footage in every container, and pictures of every kind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from tests.clips import BIG_BUCK_BUNNY, ffmpeg
from tests.pictures import draw_style
from tests.profiles import adobe_rgb

FRAMES = 12
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "6", "-bf", "1", "-pix_fmt", "yuv420p")
CLIPS = {
    "h264-aac.mp4": (*H264, "-c:a", "aac"),
    "faststart.mp4": (*H264, "-c:a", "aac", "-movflags", "+faststart"),
    "fragments.mp4": (*H264, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "hevc.mp4": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"),
    "av1.mp4": ("-c:v", "libaom-av1", "-cpu-used", "8", "-row-mt", "0", "-an"),
    "turned.mov": (*H264, "-c:a", "pcm_s16le"),
    "prores.mov": ("-c:v", "prores_ks", "-c:a", "pcm_s16le"),
    "h264.mkv": (*H264, "-c:a", "flac"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"),
    "vp8.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "mjpeg.avi": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    "h264.ts": (*H264, "-c:a", "aac"),
    "mpeg2.mpg": ("-c:v", "mpeg2video", "-c:a", "mp2"),
    "h264.flv": (*H264, "-c:a", "aac"),
    "vp8.ogg": ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
    "picture.gif": ("-an",),
}


def make_clips(folder: Path, names: Iterable[str] = CLIPS) -> list[Path]:
    """Some of ``CLIPS``, 96x54, 12 frames."""
    clips = [folder / name for name in names]
    for clip in clips:
        ffmpeg(
            *("-i", str(BIG_BUCK_BUNNY), "-t", str(FRAMES / 25), "-vf", "scale=96:54"),
            *("-ac", "2", *CLIPS[clip.name], "-threads", "1", str(clip)),
        )
    return clips


def make_pictures(folder: Path) -> list[Path]:
    """JPEG, PNG and WebP with a profile, EXIF, transparency and animation."""
    drawn = Image.fromarray(draw_style("waves")).resize((48, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = adobe_rgb()
    drawn.save(folder / "rgb.jpg", exif=exif, icc_profile=profile)
    drawn.convert("CMYK").save(folder / "cmyk.jpg")
    drawn.save(folder / "progressive.jpg", progressive=True)
    drawn.convert("RGBA").save(folder / "alpha.png", icc_profile=profile)
    drawn.convert("P").save(folder / "palette.png", transparency=3)
    drawn.convert("I;16").save(folder / "deep.png")
    drawn.save(folder / "rgb.webp", exif=exif, icc_profile=profile)
    drawn.save(folder / "moving.webp", save_all=True, append_images=[drawn.rotate(90)])
    return sorted(folder.iterdir())
