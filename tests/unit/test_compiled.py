"""Compiled networks that are kept for later processes."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from handler.style import compiled
from handler.style.compiled import CompiledNetworks, Options

CORE = openvino.Core()
OPTIONS: Options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}


def times(factor: float) -> Callable[[], openvino.Model]:
    def model() -> openvino.Model:
        given = ops.parameter([4], openvino.Type.f32)
        return openvino.Model(
            [ops.multiply(given, np.array([factor], np.float32))], [given], "times"
        )

    return model


def never() -> openvino.Model:
    raise AssertionError("the network was compiled once more")


def run(network: openvino.CompiledModel) -> list[float]:
    answer: list[float] = network(np.arange(4, dtype=np.float32))[0].tolist()
    return answer


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "code.py"
    path.write_text("as it was")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "below" / "kept"


def test_a_later_process_finds_what_was_compiled(folder: Path, code: Path) -> None:
    first = CompiledNetworks(CORE, folder, code).network(("a",), times(2), OPTIONS)
    later = CompiledNetworks(CORE, folder, code).network(("a",), never, OPTIONS)
    assert run(first) == run(later) == [0, 2, 4, 6]


def test_names_and_options_tell_networks_apart(folder: Path, code: Path) -> None:
    networks = CompiledNetworks(CORE, folder, code)
    networks.network(("a", 1), times(2), OPTIONS)
    for name, options in ((("a", 2), OPTIONS), (("a", 1), {**OPTIONS, "NUM_STREAMS": 2})):
        assert run(networks.network(name, times(3), options)) == [0, 3, 6, 9]
    assert run(networks.network(("a", 1), never, OPTIONS)) == [0, 2, 4, 6]


def test_other_code_compiles_anew(folder: Path, code: Path) -> None:
    CompiledNetworks(CORE, folder, code).network(("a",), times(2), OPTIONS)
    code.write_text("changed")
    anew = CompiledNetworks(CORE, folder, code).network(("a",), times(3), OPTIONS)
    assert run(anew) == [0, 3, 6, 9]


@pytest.mark.parametrize("damage", [b"", b"nothing that was compiled" * 100])
def test_a_damaged_file_is_replaced(folder: Path, code: Path, damage: bytes) -> None:
    CompiledNetworks(CORE, folder, code).network(("a",), times(2), OPTIONS)
    (kept,) = folder.iterdir()
    kept.write_bytes(damage)
    anew = CompiledNetworks(CORE, folder, code).network(("a",), times(2), OPTIONS)
    assert run(anew) == [0, 2, 4, 6]
    CompiledNetworks(CORE, folder, code).network(("a",), never, OPTIONS)


def test_what_was_used_last_is_kept(
    folder: Path, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "MOST_FILES", 2)
    networks = CompiledNetworks(CORE, folder, code)
    for age, name in ((200, "a"), (300, "b")):
        before = set(folder.iterdir()) if folder.exists() else set()
        networks.network((name,), times(2), OPTIONS)
        (new,) = set(folder.iterdir()) - before
        os.utime(new, (new.stat().st_atime, new.stat().st_mtime - age))
    networks.network(("c",), times(2), OPTIONS)
    assert len(list(folder.iterdir())) == 2
    networks.network(("a",), never, OPTIONS)
    networks.network(("c",), never, OPTIONS)


def test_a_folder_that_others_can_write_to_is_left_alone(folder: Path, code: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    networks = CompiledNetworks(CORE, folder, code)
    assert run(networks.network(("a",), times(2), OPTIONS)) == [0, 2, 4, 6]
    assert list(folder.iterdir()) == []


def test_without_a_folder_it_compiles(code: Path) -> None:
    for folder in (None, code, code / "below"):
        networks = CompiledNetworks(CORE, folder, code)
        assert run(networks.network(("a",), times(2), OPTIONS)) == [0, 2, 4, 6]
