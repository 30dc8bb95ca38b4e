"""Of a list of profiles the later wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectsync.config.fleet import load_fleet

PROFILES = {
    "base": "settings: {deletion_threshold: 10, manage_guardians: true}",
    "std": "profile: base\nsettings: {deletion_threshold: 15}",
    "strict": "profile: std\nsettings: {deletion_threshold: 5}",
    "other": "profile: base\nsettings: {manage_guardians: false}",
}


@pytest.mark.parametrize(
    ("stated", "threshold", "guardians"),
    [
        ("strict", 5, True),
        ("[std, strict]", 5, True),
        ("[strict, std]", 15, True),
        # a base that both share is laid once, below them
        ("[strict, other]", 5, False),
        ("[other, strict]", 5, False),
        ("[strict, base]", 10, True),
    ],
)
def test_of_a_list_of_profiles_the_later_wins(
    tmp_path: Path, stated: str, threshold: int, guardians: object
) -> None:
    folder = tmp_path / "districts"
    (folder / "_profiles").mkdir(parents=True)
    for stem, text in PROFILES.items():
        path = folder / "_profiles" / f"{stem}.yaml"
        path.write_text(f"schema: 1\n{text}\n", "utf-8")
    path = folder / "elm.yaml"
    path.write_text(
        f"schema: 1\ndistrict: elm\nname: Elm\nprofile: {stated}\n", "utf-8"
    )
    (loaded,) = load_fleet(tmp_path, [path], districts_dir=folder).districts
    settings = loaded.district.settings
    assert (settings.deletion_threshold, settings.manage_guardians) == (
        threshold,
        guardians,
    )
