"""How the JSON of a snapshot or a plan may be saved."""

from __future__ import annotations

import pytest

from connectsync.files.access import text_of_json as decoded


def test_a_byte_order_mark_does_no_harm() -> None:
    assert decoded(b'\xef\xbb\xbf{"a": 1}') == '{"a": 1}'


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_told(encoding: str) -> None:
    with pytest.raises(ValueError, match="saved as UTF-16; save it as UTF-8"):
        decoded('{"a": 1}'.encode(encoding))


def test_another_encoding_is_told_with_its_place() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        decoded(b'"\xe9"')


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_is_not_called_utf_16(encoding: str) -> None:
    with pytest.raises(ValueError, match="saved as UTF-32; save it as UTF-8"):
        decoded('{"a": 1}'.encode(encoding))
