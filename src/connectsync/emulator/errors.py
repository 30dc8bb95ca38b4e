"""
What can go wrong around the stand-in itself.

EmulatorError
├── StoreUnusable        the file is not a store of this version, or not a store
├── SeedRefused          a district or form that the stand-in does not take in
└── UvicornMissing       serving needs the optional extra
"""

from __future__ import annotations


class EmulatorError(RuntimeError):
    """A failure of the stand-in, with a sentence for the user."""


class StoreUnusable(EmulatorError):
    """The store cannot be opened, or was made by another version."""


class SeedRefused(EmulatorError):
    """A district or a form that the stand-in does not take in; nothing was kept."""


class UvicornMissing(EmulatorError):
    """Serving over a socket needs the extra ``emulator``."""

    def __init__(self) -> None:
        super().__init__(
            "serving the emulator needs uvicorn:"
            " install it with `pip install 'connectsync[emulator]'`"
        )
