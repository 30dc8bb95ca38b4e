"""
Carry out every line of the Dockerfile in a folder, where no builder of images is.

Run by ``make image-test``. What stands at a path of the image stands below the folder
instead; the Python is this one and not that of the base image. It needs a package
index, as the build does.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
OF_PIP = ("PIP_", "SSL_CERT", "HTTP", "https", "NO_PROXY")


def instructions() -> list[tuple[str, str]]:
    """Give each word with what follows, over the ends of lines."""
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (one.partition(" ") for one in lines)]


def carried_out(image: Path) -> None:
    """Do what each line says below a folder; one that is not known is an error."""
    here, told = image, {"PATH": os.environ["PATH"], "HOME": str(image)}
    told |= {name: os.environ[name] for name in os.environ if name.startswith(OF_PIP)}

    def inside(text: str) -> str:
        return text.replace("/opt/connectsync", f"{image}/opt/connectsync")

    for word, rest in instructions():
        match word:
            case "ARG" | "FROM" | "USER" | "CMD":
                continue
            case "WORKDIR":
                here = image / rest.lstrip("/")
                here.mkdir(parents=True, exist_ok=True)
            case "COPY":
                copy(rest, here)
            case "RUN":
                line = inside(rest).replace(
                    "python -m venv", f"{sys.executable} -m venv"
                )
                subprocess.run(["sh", "-c", line], cwd=here, env=told, check=True)
            case "ENV":
                stated = dict(one.split("=", 1) for one in shlex.split(rest))
                told |= {
                    name: inside(value).replace("$PATH", told["PATH"])
                    for name, value in stated.items()
                }
            case "ENTRYPOINT":
                shutil.rmtree(image / "src")
                said = [word.strip('" ') for word in rest.strip("[]").split(",")]
                for one in ("--version", "schema"):
                    subprocess.run([*said, one], cwd=here, env=told, check=True)
            case _:
                raise SystemExit(f"{word} is a line that {__file__} does not know")


def copy(said: str, here: Path) -> None:
    """Copy what a line says; from the first image to the second all is there."""
    if "--from" in said:
        return
    *sources, target = shlex.split(said)
    for source in sources:
        below = here / target
        copy_to(
            ROOT / source, below / Path(source).name if target.endswith("/") else below
        )


def copy_to(source: Path, target: Path) -> None:
    """Copy a file or a folder, and make what is above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        carried_out(Path(folder).resolve())
