"""What the extras of connectsync are made of, and how one is added here."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "browser": ("playwright>=1.55",),
    "emulator": ("jinja2>=3.1", "uvicorn>=0.40"),
    "postgres": ("psycopg[binary]>=3.2",),
    "otel": (
        "opentelemetry-api>=1.38",
        "opentelemetry-sdk>=1.38",
        "opentelemetry-exporter-otlp-proto-http>=1.38",
    ),
}
"""The packages of each extra, as `pyproject.toml` has them."""


def how_to_add(extra: str) -> str:
    """
    Give the command that adds an extra to this installation.

    It names the packages themselves and the Python that runs this: so it works from a
    clone, a wheel or an index, and whatever `pip` is first on the path.
    """
    words = [sys.executable or "python3", "-m", "pip", "install", *EXTRAS[extra]]
    return f"install it: `{shlex.join(words)}`"
