"""
Write ``docs/reference/assurance.md``: ``python tests/assurance.py FOLDER``.

FOLDER holds what the tests left that ran with ``CONNECTSYNC_ASSURANCE=FOLDER``; with
``--tests`` it prints the files of those tests. Exits with 1, and writes nothing, if one
did not run or did not hold. With ``--partial`` before the folder, a row whose tests did
not all run says that it was not counted.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests" / "support"))

from assurance_counts import NAMES, counted, page  # noqa: E402 - found only here

PAGE = ROOT / "docs" / "reference" / "assurance.md"


def main(arguments: list[str]) -> int:
    """Write the page; give the exit status."""
    if arguments == ["--tests"]:
        sys.stdout.write("\n".join(sorted({one.split("::")[0] for one in NAMES})))
        return 0
    found = counted(Path(arguments[-1]))
    missing = [] if "--partial" in arguments else sorted(NAMES - found.keys())
    lost = sorted(name for name, count in found.items() if count.lost)
    sys.stderr.writelines(f"did not run: {name}\n" for name in missing)
    sys.stderr.writelines(f"did not hold: {name}\n" for name in lost)
    if missing or lost:
        return 1
    commit, date = _head()
    PAGE.write_text(page(found, commit=commit, date=date), "utf-8")
    return 0


def _head() -> tuple[str, str]:
    """Give the commit that was tried, and its day."""
    told = subprocess.run(
        ["git", "log", "-1", "--format=%h %cs", "--abbrev=12"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return told[0], told[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
