from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clip_table import FAILED, PROPERTY, Row, rendered


@pytest.fixture
def tabulate(record_property: Callable[[str, object], None]) -> Callable[[Row], None]:
    """Enters a row into the table of clips; see ``tests.clip_table``."""
    return lambda row: record_property(PROPERTY, row.as_property())


@pytest.fixture(scope="session", autouse=True)
def _cache_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clip-table", type=Path, help="write the table of clips to this file")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if path := config.getoption("clip_table"):
        rows = [
            {**row, **({} if report.passed else {"outcome": FAILED})}
            for reports in terminalreporter.stats.values()
            for report in reports
            if getattr(report, "when", "") == "call"
            for name, row in report.user_properties
            if name == PROPERTY
        ]
        path.write_text(rendered(rows), encoding="utf-8")
