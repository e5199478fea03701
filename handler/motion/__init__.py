"""Paint that stays on what it is painted on: ``handler.domain.ports.Motion``, as a module."""

from handler.motion.cuts import is_cut
from handler.motion.propagate import propagate

__all__ = ["is_cut", "propagate"]
