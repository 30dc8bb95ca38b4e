"""How messages spell labels, and how hints name the edits that go together."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from connectsync.domain.settings import Settings

OF_GUARDIANS = ("contact_types", "contact_relationships", "phone_types")
"""Settings that have no effect while the sync does not manage guardians."""


def quoted(labels: Iterable[str]) -> str:
    """Spell labels as ``'A', 'B' and 'C'``, sorted."""
    return joined([repr(str(label)) for label in sorted(labels)])


def joined(words: list[str]) -> str:
    """Join words as in speech: ``a, b and c``."""
    if len(words) < 2:  # noqa: PLR2004 - one word needs no joint
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def how_to_add(labels: Collection[str], shared: Collection[str] | None) -> str:
    """Say how to add labels that Clever may not share; None: not stated."""
    missing = frozenset() if shared is None else frozenset(labels) - frozenset(shared)
    if not missing:
        return f"add {quoted(labels)}"
    return f"{how_to_share(missing)}, then add {quoted(labels)} here"


def how_to_share(labels: Collection[str]) -> str:
    """Say how to let labels through in Clever, and to state so."""
    them = "it" if len(labels) == 1 else "them"
    return f"share {quoted(labels)} in Clever and add {them} to clever_shares"


def how_to_stop_managing(settings: Settings, *, source: bool) -> str:
    """
    Say how to leave guardians to another source, without settings left over.

    ``source`` says whether the facts name that source already.
    """
    idle = [name for name in OF_GUARDIANS if getattr(settings, name)]
    steps = ["set manage_guardians to false"]
    steps += [f"remove {joined(idle)}"] if idle else []
    steps += [] if source else ["set guardians_from to their source"]
    return ", ".join(steps)


def how_to_remove(label: str, chosen: Collection[str], adding: str) -> str:
    """Say how to remove a label; ``adding`` says what to add where none is left."""
    alone = len(chosen) == 1
    return f"{adding} and remove '{label}'" if alone else f"remove '{label}'"
