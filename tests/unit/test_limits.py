from dataclasses import replace

from handler.media.limits import READ_BYTES_PER_SECOND, encoder_limits
from handler.media.probe import LIMITS, limits_of
from tests.fakes import FACTS

TWO_HOURS_BYTES = 23_328_000_000


def test_a_long_result_has_the_time_to_be_closed_on_a_slow_disk() -> None:
    film = replace(FACTS, width=1920, height=1080, frame_count=2 * 3600 * 25)
    read_and_written = 2 * TWO_HOURS_BYTES / READ_BYTES_PER_SECOND
    assert encoder_limits(film).finish_seconds > read_and_written
    assert encoder_limits(FACTS).finish_seconds < 601


def test_a_large_file_has_the_time_to_be_looked_through() -> None:
    assert limits_of(TWO_HOURS_BYTES).stall_seconds > TWO_HOURS_BYTES / READ_BYTES_PER_SECOND
    assert limits_of(1000).stall_seconds < LIMITS.stall_seconds + 1
    assert (
        limits_of(TWO_HOURS_BYTES).cpu_seconds > LIMITS.cpu_seconds == limits_of(1000).cpu_seconds
    )
