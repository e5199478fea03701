"""Compiles the kernels when the package is built: hatchling's custom build hook."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = Path("handler/kernels")
LIBRARY = "libkernels.so"

PROCESSORS = {"x86_64": "x86_64_v3", "aarch64": "baseline"}
"""The oldest that the code runs on: AVX2 is what AWS Lambda promises."""

OPTIMISED = (
    *("-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"),
    *("-std=c11", "-Wall", "-Wextra", "-Werror"),
)
SHARED = ("-shared", "-fPIC", "-fvisibility=hidden", "-lm")


def compile_command(sources: list[Path], library: Path, *options: str) -> list[str]:
    """Of the C compiler in the package ziglang, for this processor's kind and glibc 2.28."""
    machine = platform.machine()
    target = ("-target", f"{machine}-linux-gnu.2.28", f"-mcpu={PROCESSORS[machine]}")
    files = [str(source) for source in sources]
    compiler = [sys.executable, "-m", "ziglang", "cc"]
    return [*compiler, *target, *OPTIMISED, *options, *files, *SHARED, "-o", str(library)]


class KernelsHook(BuildHookInterface[Any]):
    """Puts the library beside its wrapper, in the source tree and in the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        folder = Path(self.root, PACKAGE)
        library = folder / LIBRARY
        subprocess.run(compile_command(sorted(folder.glob("source/*.c")), library), check=True)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"].append(str(PACKAGE / LIBRARY))
