"""What the environment says."""

from pathlib import Path

import pytest

from handler.settings import user_cache


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_CACHE_HOME": "/caches", "HOME": "/home/me"}, Path("/caches/artreel")),
        ({"XDG_CACHE_HOME": "caches", "HOME": "/home/me"}, Path("/home/me/.cache/artreel")),
        ({"HOME": "/home/me"}, Path("/home/me/.cache/artreel")),
        ({"XDG_CACHE_HOME": ""}, None),
    ],
)
def test_the_cache_is_where_the_user_has_it(
    environment: dict[str, str], folder: Path | None
) -> None:
    assert user_cache(environment) == folder
