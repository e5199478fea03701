from hypothesis import given
from hypothesis import strategies as st

from handler.pipeline.assembly import AHEAD_BYTES, FETCHED_AT_ONCE, Assembly

GB = 10**9
sizes = st.integers(0, 10**12)


def test_two_hours_of_1080p_need_more_than_a_function_and_less_than_a_container() -> None:
    film = Assembly(source_bytes=4 * GB, result_bytes=23 * GB, chunk_bytes=230_000_000)
    assert film.disk_bytes == 27_460_000_000
    assert not film.fits(10_240 * 1024**2, 900)
    assert film.fits(190 * 1024**3, 4 * 3600)


def test_small_chunks_are_fetched_many_at_a_time() -> None:
    assert Assembly(0, 10**8, 10**6).fetched_at_once == FETCHED_AT_ONCE


@given(source=sizes, result=sizes, chunk=sizes)
def test_chunks_on_their_way_are_few(source: int, result: int, chunk: int) -> None:
    assembly = Assembly(source, result, chunk)
    assert 1 <= assembly.fetched_at_once <= FETCHED_AT_ONCE
    waiting = assembly.disk_bytes - source - result
    assert waiting <= max(AHEAD_BYTES, 2 * chunk)


@given(source=sizes, result=sizes, chunk=sizes, disk=sizes, seconds=st.floats(0, 1e6))
def test_what_fits_also_fits_a_larger_worker(
    source: int, result: int, chunk: int, disk: int, seconds: float
) -> None:
    assembly = Assembly(source, result, chunk)
    if assembly.fits(disk, seconds):
        assert assembly.fits(2 * disk, 2 * seconds)
