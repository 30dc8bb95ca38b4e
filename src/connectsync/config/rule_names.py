"""The names of every mistake that reading files can report."""

from __future__ import annotations

READING_RULES: tuple[str, ...] = (
    "file-too-large",
    "file-not-readable",
    "not-utf-8",
    "byte-order-mark",
    "control-character",
    "tab-indentation",
    "yaml-syntax",
    "yaml-tag",
    "yaml-alias",
    "merge-key",
    "several-documents",
    "nesting-too-deep",
    "duplicate-key",
    "key-not-text",
    "empty-file",
    "not-a-mapping",
    "unknown-key",
    "missing-key",
    "wrong-type",
    "empty-value",
    "unknown-label",
    "number-for-id",
    "boolean-for-label",
    "not-a-boolean",
    "wrong-format",
    "repeated-label",
    "unknown-schema-version",
    "literal-secret",
    "threshold-out-of-range",
    "allow-without-reason",
    "allow-without-date",
    "district-fact-in-profile",
    "missing-profile",
    "profile-cycle",
    "freeze-without-zone",
    "wave-names-nobody",
)
"""In the order in which a file is read; each has a page for `explain`."""

MOST_FINDINGS = 100
"""A file with more mistakes than this is not helped by hearing of them all."""
