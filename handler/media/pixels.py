"""How the pixels of a picture come from the process that reads it."""

from __future__ import annotations

from struct import Struct

SIZE = Struct(">II")
"""Height and width; both 0 where the picture is refused."""
