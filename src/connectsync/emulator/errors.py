"""
What can go wrong around the stand-in itself.

EmulatorError
├── StoreUnusable        the file is not a store of this version, or not a store
├── SeedRefused          a district or form that the stand-in does not take in
├── FaultsRefused        faults that cannot be put on
└── ExtraMissing
    ├── UvicornMissing   serving over a socket needs the optional extra
    └── JinjaMissing     the pages need the optional extra
"""

from __future__ import annotations


class EmulatorError(RuntimeError):
    """A failure of the stand-in, with a sentence for the user."""


class StoreUnusable(EmulatorError):
    """The store cannot be opened, or was made by another version."""


class SeedRefused(EmulatorError):
    """A district or a form that the stand-in does not take in; nothing was kept."""


class FaultsRefused(EmulatorError):
    """Faults that no stand-in can have; those before stay as they were."""


class ExtraMissing(EmulatorError):
    """Something needs the extra ``emulator``."""

    def __init__(self, what: str, package: str) -> None:
        super().__init__(
            f"{what} needs {package}:"
            " install it with `pip install 'jinja2>=3.1' 'uvicorn>=0.40'`"
        )


class UvicornMissing(ExtraMissing):
    """Serving over a socket needs the extra ``emulator``."""

    def __init__(self) -> None:
        super().__init__("serving the emulator", "uvicorn")


class JinjaMissing(ExtraMissing):
    """The pages need the extra ``emulator``; the gateway does without."""

    def __init__(self) -> None:
        super().__init__("a page of the emulator", "jinja2")
