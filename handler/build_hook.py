"""Compiles what is in C when the package is built: hatchling's custom build hook."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

KERNELS = Path("handler/kernels")
LIBRARY = KERNELS / "libkernels.so"
PROGRAM = Path("handler/media/confine")

PROCESSORS = {"x86_64": "x86_64_v3", "aarch64": "baseline"}
"""The oldest that the code runs on: AVX2 is what AWS Lambda promises."""

WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror")
FAST = ("-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")
SHARED = ("-shared", "-fPIC", "-fvisibility=hidden", "-lm")


def library_command(sources: Sequence[Path], library: Path, *options: str) -> list[str]:
    """How the kernels are compiled, for this processor's kind and glibc 2.28."""
    options = (f"-mcpu={PROCESSORS[platform.machine()]}", *FAST, *options)
    return _compile_command("gnu.2.28", (*options, *map(str, sources), *SHARED), library)


def program_command(source: Path, program: Path) -> list[str]:
    """How a program is compiled, with all that it needs in it."""
    return _compile_command("musl", ("-O2", "-s", "-static", str(source)), program)


def _compile_command(system: str, words: Sequence[str], result: Path) -> list[str]:
    """Of the C compiler in the package ziglang."""
    target = f"{platform.machine()}-linux-{system}"
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", target]
    return [*compiler, *WARNINGS, *words, "-o", str(result)]


class CompileHook(BuildHookInterface[Any]):
    """Puts library and program beside what uses them, in the source tree and in the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        root = Path(self.root)
        sources = sorted((root / KERNELS).glob("source/*.c"))
        subprocess.run(library_command(sources, root / LIBRARY), check=True)
        source = (root / PROGRAM).with_suffix(".c")
        subprocess.run(program_command(source, root / PROGRAM), check=True)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"] += [str(LIBRARY), str(PROGRAM)]
