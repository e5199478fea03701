"""Networks as OpenVINO compiled them, kept on disk for the processes that come later."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import openvino

logger = logging.getLogger(__name__)

Options = Mapping[str, str | int]

MOST_FILES = 24
"""Bound on what is kept: those used last, 1 to 10 MB each."""

SUFFIX = ".compiled"
DEVICE = "CPU"


class CompiledNetworks:
    """Compiles networks, or loads what an earlier process compiled; both give the same results.

    What was compiled is found again by the same code, engine and kind of processor only. A folder
    that can't be used, or a file that can't be read, costs its time and nothing else.

    Args:
        folder: made where there is none; None keeps nothing.
        code: module files that decide what is compiled.
    """

    def __init__(self, core: openvino.Core, folder: Path | None, *code: Path) -> None:
        self._core = core
        self._folder = folder if folder and _is_ours(folder) else None
        self._mapped: list[object] = []
        if self._folder:
            self._seal = self._sealed(code)

    def network(
        self, name: tuple[object, ...], model: Callable[[], openvino.Model], options: Options
    ) -> openvino.CompiledModel:
        """A network ready to run.

        Args:
            name: says which of all networks and inputs it is.
            model: reads it; not called where it is there already.
            options: of the engine.
        """
        if not self._folder:
            return self._core.compile_model(model(), DEVICE, dict(options))
        digest = hashlib.sha256(repr((self._seal, name, sorted(options.items()))).encode())
        kept = self._folder / f"{digest.hexdigest()[:32]}{SUFFIX}"
        return self._loaded(kept, options) or self._compiled(kept, model, options)

    def _loaded(self, kept: Path, options: Options) -> openvino.CompiledModel | None:
        import openvino

        try:
            content = np.memmap(kept, np.uint8, "c")
            tensor = openvino.Tensor(content, shared_memory=True)
            network = self._core.import_model(tensor, DEVICE, dict(options))
            os.utime(kept)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RuntimeError) as error:
            logger.info("%s is compiled anew: %s", kept, error)
            return None
        self._mapped += [content, tensor]  # its weights may stay where they are
        return network

    def _compiled(
        self, kept: Path, model: Callable[[], openvino.Model], options: Options
    ) -> openvino.CompiledModel:
        network = self._core.compile_model(model(), DEVICE, dict(options))
        content = BytesIO()
        with contextlib.suppress(OSError, RuntimeError):
            network.export_model(content)
            self._keep(kept, content)
        return network

    def _keep(self, kept: Path, content: BytesIO) -> None:
        """Whole or not at all, and nothing of it is changed while others read it."""
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as file:
            try:
                file.write(content.getbuffer())
                file.flush()
                Path(file.name).replace(kept)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        last_used = {path: path.stat().st_mtime for path in kept.parent.glob(f"*{SUFFIX}")}
        for path in sorted(last_used, key=last_used.__getitem__)[:-MOST_FILES]:
            path.unlink(missing_ok=True)

    def _sealed(self, code: tuple[Path, ...]) -> tuple[object, ...]:
        import openvino

        device = ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")
        return (
            openvino.__version__,
            *(self._core.get_property(DEVICE, name) for name in device),
            *(hashlib.sha256(path.read_bytes()).digest() for path in code),
        )


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can write there; what is kept is run."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.stat()
    except OSError:
        return False
    return facts.st_uid == os.geteuid() and not facts.st_mode & 0o022
