"""
Let the one file that holds everything obey nothing that lies beside it.

Run by ``make single-file`` with the file that pex made. Before a line of ours, pex
reads ``.pexrc`` in the folder of that file and ``PEX_`` variables: the one could come
with a change under review, and either can name modules to run. pex also asks ``uname``
and ``ldd``, which must not be those of the folder that one stands in.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

MAIN = "__main__.py"

FIRST = """\
import os as _os
for _name in [_one for _one in _os.environ if _one.startswith("PEX")]:
    if _name != "PEX_ROOT":
        del _os.environ[_name]
_os.environ["PEX_IGNORE_RCFILES"] = "1"
_whole = filter(_os.path.isabs, _os.environ.get("PATH", "").split(_os.pathsep))
_os.environ["PATH"] = _os.pathsep.join(_whole) or _os.defpath
"""


def close_doors(single: Path) -> None:
    """Put our lines before those of pex, in place."""
    made = single.with_suffix(".made")
    with (
        zipfile.ZipFile(single) as old,
        made.open("wb") as stream,
    ):
        stream.write(
            single.read_bytes()[: min(one.header_offset for one in old.infolist())]
        )
        with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as new:
            for one in old.infolist():
                text = old.read(one)
                if one.filename == MAIN:
                    text = FIRST.encode() + text
                new.writestr(one, text)
    made.chmod(single.stat().st_mode)
    made.replace(single)


if __name__ == "__main__":
    close_doors(Path(sys.argv[1]))
