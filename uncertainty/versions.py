"""Versions of all that the figures depend on."""

from __future__ import annotations

import platform

import numpy as np
import scipy

from . import __version__


def versions() -> dict[str, str]:
    """By name, ours and those of Python and of the libraries that compute."""
    return {"uncertainty": __version__, "python": platform.python_version(),
            "numpy": np.__version__, "scipy": scipy.__version__}
