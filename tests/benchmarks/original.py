"""The original method, to measure against: a picture file per frame, TensorFlow for each.

    python -m tests.benchmarks.original MODULE CLIP --style PICTURE -o OUT --working-size 1024

The clip's frames become JPEG files; each is read back and painted by a call of the module (a
SavedModel of TF Hub's signature) with frame and style picture, so that the style predictor runs in
every call; each painted frame becomes a JPEG file; these become an MPEG-4 Part 2 video without
sound, of the working size. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.ports import Frame
from tests.benchmarks.tensorflow_port import STYLE_SIZE

Pictures = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", type=Path)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--style", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--working-size", type=int, required=True, help="long side, px")
    given = parser.parse_args()
    import tensorflow as tf

    module = tf.saved_model.load(str(given.module))
    style = tf.constant(tensor(resized(read_jpeg(given.style), STYLE_SIZE, STYLE_SIZE)))

    def paint(frame: Frame) -> Frame:
        painted = module(tf.constant(tensor(frame)), style)[0]
        return bgr(painted.numpy())

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        frames, frame_rate = split(given.clip, Path(folder))
        painted = [paint_file(frame, given.working_size, paint) for frame in frames]
        join(painted, given.output, frame_rate)
    seconds = time.perf_counter() - began
    print(json.dumps({"frames": len(painted), "seconds": seconds}))


def split(clip: Path, folder: Path) -> tuple[list[Path], float]:
    """Write each frame as a JPEG file; return the files, in order, and the frame rate."""
    capture = cv2.VideoCapture(str(clip))
    files: list[Path] = []
    while (taken := capture.read())[0]:
        files.append(folder / f"frame{len(files)}.jpg")
        cv2.imwrite(str(files[-1]), taken[1])
    frame_rate = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return files, frame_rate


def paint_file(frame: Path, working_size: int, paint: Callable[[Frame], Frame]) -> Path:
    """Write a frame's file painted beside it; return the new file."""
    painted = frame.with_stem(f"painted-{frame.stem}")
    source = read_jpeg(frame)
    scale = min(1.0, working_size / max(source.shape))
    height, width = (round(side * scale) for side in source.shape[:2])
    cv2.imwrite(str(painted), paint(resized(source, width, height)))
    return painted


def join(frames: list[Path], output: Path, frame_rate: float) -> None:
    """Write picture files of one size as an mp4v video."""
    height, width = read_jpeg(frames[0]).shape[:2]
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(output), codec, frame_rate, (width, height))
    for frame in frames:
        writer.write(read_jpeg(frame))
    writer.release()


def read_jpeg(path: Path) -> Frame:
    """A picture file as OpenCV has it, uint8 BGR."""
    picture = cv2.imread(str(path))
    assert picture is not None, f"{path} can't be read"
    return np.asarray(picture, np.uint8)


def resized(picture: Frame, width: int, height: int) -> Frame:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def tensor(picture: Frame) -> Pictures:
    """uint8 BGR to RGB (1, H, W, 3) in 0..1."""
    rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    return rgb[np.newaxis].astype(np.float32) / np.float32(255)


def bgr(painted: Pictures) -> Frame:
    """RGB (1, H, W, 3) in 0..1 to uint8 BGR."""
    rounded = np.rint(painted[0] * 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(rounded, cv2.COLOR_RGB2BGR), np.uint8)


if __name__ == "__main__":
    main()
