"""
Take the pictures of the README anew: the plan of the sample fleet, as a page.

Run by ``make screenshot``. One picture is of the light page and one of the dark one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "docs" / "assets"
WIDTH, HEIGHT = 1000, 720
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
SHOWN = "cedar-flats-usd"
TO_THE_TOP = "it => window.scrollBy(0, it.getBoundingClientRect().top - 12)"
SAMPLE_DAY = "2027-01-15T10:00:00+00:00"


def plan_page(folder: Path) -> Path:
    """Plan the sample fleet in a copy of it, and give the page."""
    for name in ("connectsync.yaml", "districts", "schema"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    page = folder / "plan.html"
    command = [str(Path(sys.executable).parent / "connectsync"), "plan"]
    subprocess.run(
        [*command, "--format", "html", "--output", str(page)],
        cwd=folder,
        env={**os.environ, "CONNECTSYNC_NOW": SAMPLE_DAY},
        check=True,
    )
    return page


def main() -> None:
    """Write a picture for each color scheme."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = plan_page(Path(folder))
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        for scheme in SCHEMES:
            tab = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme
            )
            tab.goto(page.as_uri())
            districts = tab.locator("#districts")
            district = districts.locator("details").filter(has_text=SHOWN)
            district.locator("summary").click()
            district.evaluate(TO_THE_TOP)
            tab.screenshot(path=ASSETS / f"plan-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
