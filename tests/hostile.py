"""Files that must be refused, or that name other files: a few bytes of code each.

``outside`` is a file, ``port`` a listening socket on loopback; what is made here names them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests import clips
from tests.clips import ffmpeg

KEY = "76a6c65c5ea762046bd749a2e632ccbb"
PICTURES = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25", "-frames:v", "10")


@dataclass(frozen=True)
class Trap:
    """A folder to make a file in, and what the file may lead to."""

    folder: Path
    outside: Path
    port: int

    def file(self, content: str | bytes, name: str = "trap.mp4") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    @property
    def links(self) -> tuple[str, ...]:
        return (f"file://{self.outside}", f"http://127.0.0.1:{self.port}/clip.ts")


Maker = Callable[[Trap], Path]


def empty(trap: Trap) -> Path:
    """No bytes at all."""
    return trap.file(b"")


def hundred_bytes(trap: Trap) -> Path:
    """The first 100 bytes of an MP4."""
    return clips.header_only(trap.folder)


def half_a_header(trap: Trap) -> Path:
    """An MP4 whose index, at its end, is cut in the middle."""
    whole = clips.plain(trap.folder).read_bytes()
    return trap.file(whole[: whole.index(b"stsz")])


def text(trap: Trap) -> Path:
    """Words called .mp4."""
    return clips.text_named_video(trap.folder)


def picture(trap: Trap) -> Path:
    """A PNG called .mp4."""
    return clips.picture_named_video(trap.folder)


def no_video_stream(trap: Trap) -> Path:
    """An MP4 without a video stream."""
    return clips.sound_only(trap.folder)


def encrypted(trap: Trap) -> Path:
    """MP4 under common encryption, without its key."""
    path = trap.folder / "encrypted.mp4"
    ffmpeg(
        *(*PICTURES, "-pix_fmt", "yuv420p", "-encryption_scheme", "cenc-aes-ctr"),
        *("-encryption_key", KEY, "-encryption_kid", KEY, str(path)),
    )
    return path


def unknown_codec(trap: Trap) -> Path:
    """An MP4 whose pictures are in a codec that there is not."""
    return trap.file(clips.silent(trap.folder).read_bytes().replace(b"avc1", b"zzz9"))


def hls(trap: Trap) -> Path:
    """A playlist of a file and an address."""
    segments = "".join(f"#EXTINF:1,\n{link}\n" for link in trap.links)
    return trap.file(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{segments}#EXT-X-ENDLIST\n")


def hls_named_playlist(trap: Trap) -> Path:
    """The same under its own ending."""
    return hls(trap).rename(trap.folder / "trap.m3u8")


def dash(trap: Trap) -> Path:
    """A DASH manifest that leads to an address."""
    return trap.file(
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4">'
        f'<Representation id="1" bandwidth="1"><BaseURL>{trap.links[1]}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>"
    )


def concat(trap: Trap) -> Path:
    """A script for ffmpeg that names a file and an address."""
    return trap.file("ffconcat version 1.0\n" + "".join(f"file {link}\n" for link in trap.links))


def svg(trap: Trap) -> Path:
    """A drawing with links."""
    images = "".join(f'<image href="{link}"/>' for link in trap.links)
    return trap.file(f'<svg xmlns="http://www.w3.org/2000/svg">{images}</svg>')


def session_description(trap: Trap) -> Path:
    """An SDP file that asks to listen to the network."""
    return trap.file(f"v=0\nc=IN IP4 127.0.0.1\nm=video {trap.port} RTP/AVP 96\n")


def external_data(trap: Trap) -> Path:
    """A MOV whose pictures lie in another file, by reference."""
    whole = (clips.silent(trap.folder)).read_bytes()
    trap.outside.write_bytes(whole)
    moov = whole[whole.index(b"moov") - 4 :]
    entry = struct.pack(">4sI", b"url ", 0) + f"file://{trap.outside}\0".encode()
    entry = struct.pack(">I", len(entry) + 4) + entry
    old = struct.pack(">I4sI", 12, b"url ", 1)
    moov = _replaced(moov, old, entry, (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"))
    return trap.file(whole[: whole.index(b"mdat") - 4] + moov, "trap.mov")


def huge(trap: Trap) -> Path:
    """A JPEG in AVI that claims 65535x65535."""
    path = trap.folder / "huge.avi"
    ffmpeg(*PICTURES, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", str(path))
    content = path.read_bytes()
    content = content.replace(struct.pack(">HH", 48, 64), struct.pack(">HH", 65535, 65535))
    content = content.replace(struct.pack("<II", 64, 48), struct.pack("<II", 65535, 65535))
    return trap.file(content, "huge.avi")


def oversized(trap: Trap) -> Path:
    """64 megapixels, honestly."""
    path = trap.folder / "oversized.avi"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=c=teal:size=16000x4000:rate=25", "-frames:v", "1"),
        *("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", str(path)),
    )
    return path


def hasty(trap: Trap) -> Path:
    """40,000 frames/s."""
    path = trap.folder / "hasty.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=40000", "-frames:v", "20"),
        *("-pix_fmt", "yuv420p", "-video_track_timescale", "40000", str(path)),
    )
    return path


def endless(trap: Trap) -> Path:
    """Two pictures, 10^9 seconds apart."""
    path = trap.folder / "endless.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25", "-frames:v", "2"),
        *("-vf", "setpts=N*1000000000/TB", "-fps_mode", "passthrough"),
        *("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", str(path)),
    )
    return path


REFUSED_VIDEOS: dict[Maker, str] = {
    empty: "empty file",
    hundred_bytes: "can't be read as a video",
    half_a_header: "video",
    text: "can't be read as a video",
    picture: "not a video of a kind that is read",
    no_video_stream: "holds no video",
    encrypted: "is encrypted",
    unknown_codec: "codec that is not known",
    hls: "can't be read as a video",
    hls_named_playlist: "a video",
    dash: "can't be read as a video",
    concat: "not a video of a kind that is read",
    svg: "not a video of a kind that is read",
    session_description: "not a video of a kind that is read",
    external_data: "can't be",
    huge: "can't be read as a video",
    oversized: "16000x4000 pixels, which is too large",
    hasty: "40000 frames per second, which is too many",
    endless: "to last 1000000000 seconds",
}
"""Each with a part of the sentence that refuses it."""


def video_named_picture(trap: Trap) -> Path:
    """An MP4 called .jpg."""
    return clips.silent(trap.folder).rename(trap.folder / "trap.jpg")


def drawing(trap: Trap) -> Path:
    """An SVG with links, called .jpg."""
    return svg(trap).rename(trap.folder / "trap.jpg")


def bomb_of_pixels(trap: Trap) -> Path:
    """A PNG of 200 megapixels in a few kilobytes."""
    rows = zlib.compress(bytes((20_000 // 8 + 1) * 10_000), 9)
    return trap.file(_png(20_000, 10_000, (b"IDAT", rows)), "trap.png")


def bomb_of_text(trap: Trap) -> Path:
    """A PNG of four pixels with a compressed comment of 256 MB."""
    comment = b"Comment\0\0" + zlib.compress(bytes(2**28), 9)
    rows = zlib.compress(bytes(4), 9)
    return trap.file(_png(2, 2, (b"zTXt", comment), (b"IDAT", rows)), "trap.png")


def bomb_of_profile(trap: Trap) -> Path:
    """A PNG of four pixels with a colour profile of 256 MB."""
    profile = b"bomb\0\0" + zlib.compress(bytes(2**28), 9)
    rows = zlib.compress(bytes(4), 9)
    return trap.file(_png(2, 2, (b"iCCP", profile), (b"IDAT", rows)), "trap.png")


REFUSED_PICTURES: dict[Maker, str] = {
    empty: "not a JPEG, PNG or WebP",
    text: "not a JPEG, PNG or WebP",
    video_named_picture: "not a JPEG, PNG or WebP",
    drawing: "not a JPEG, PNG or WebP",
    bomb_of_pixels: "more than 100 megapixels",
    bomb_of_text: "the style picture can't be read",
    bomb_of_profile: "the style picture can't be read",
}


def linked_segment(trap: Trap) -> Path:
    """A Matroska file that names the file that goes on after it."""
    path = trap.folder / "linked.mkv"
    ffmpeg(*PICTURES, str(path))
    content = path.read_bytes()
    begin = content.index(b"\x57\x41")  # the name of the writing program makes room
    size = content[begin + 2] & 0x7F
    name = trap.outside.name.encode()[: size - 1].ljust(size - 1, b"\0")
    link = b"\x3e\x83\xbb" + bytes([0x80 | (size - 1)]) + name
    path.write_bytes(content[:begin] + link + content[begin + 3 + size :])
    return path


def _png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    head = (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + _check(name + content)
        for name, content in (head, *chunks, (b"IEND", b""))
    )


def _check(content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(content))


def _replaced(moov: bytes, old: bytes, new: bytes, around: tuple[bytes, ...]) -> bytes:
    """Boxes with one piece replaced and the sizes of the boxes around it corrected."""
    at = moov.index(old)
    changed = bytearray(moov[:at] + new + moov[at + len(old) :])
    for name in around:
        begin = moov.rindex(name, 0, at) - 4
        (size,) = struct.unpack_from(">I", moov, begin)
        struct.pack_into(">I", changed, begin, size + len(new) - len(old))
    return bytes(changed)
