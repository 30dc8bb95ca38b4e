"""
Fuzz everything that others write: ``python tests/fuzz/run.py [TARGET …]``.

``FUZZ_SECONDS`` bounds the whole run (600 unless said). Where atheris is installed it
is led by the coverage of our code; elsewhere Hypothesis makes the inputs. What breaks a
promise is kept under ``tests/fuzz/regressions/TARGET/``, where a test of the suite
tries it from then on. Exits with 1 if something was found.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build" / "fuzz"
REGRESSIONS = Path(__file__).parent / "regressions"
LEAST_SECONDS = 5
NOW = "2027-01-15T10:00:00+00:00"

sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "build" / "atheris")]


def main(arguments: list[str]) -> int:
    """Give each target its share of the time; give the exit status."""
    if arguments[:1] == ["--led"]:
        led_by_coverage(arguments[1], int(arguments[2]))
    from fuzz_targets import TARGETS

    asked = arguments or list(TARGETS)
    if unknown := sorted(set(asked) - TARGETS.keys()):
        tell(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
        return 64
    share = max(LEAST_SECONDS, int(os.environ.get("FUZZ_SECONDS", "600")) // len(asked))
    is_led = importlib.util.find_spec("atheris") is not None
    how = "atheris, led by coverage" if is_led else "Hypothesis: there is no atheris"
    tell(f"{len(asked)} targets, {share} seconds each, inputs by {how}")
    broken = []
    for name in asked:
        found = led(name, share) if is_led else by_hypothesis(name, share)
        tell(f"{name}: {f'BROKEN by {found}' if found else 'holds'}")
        broken += [name] if found else []
    return 1 if broken else 0


def tell(line: str) -> None:
    """Say a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def keep(name: str, data: bytes, folder: Path = REGRESSIONS) -> Path:
    """Keep an input that breaks a promise, under a name that its bytes give it."""
    path = folder / name / hashlib.sha256(data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def by_hypothesis(name: str, seconds: float, folder: Path = REGRESSIONS) -> Path | None:
    """Try inputs that Hypothesis makes until the time is over; keep the smallest."""
    from fuzz_mutations import mutated
    from fuzz_targets import TARGETS
    from hypothesis import HealthCheck, given, seed, settings
    from hypothesis import strategies as st

    target, end, number = TARGETS[name], time.monotonic() + seconds, 0
    made = st.builds(
        mutated,
        st.sampled_from(list(target.seeds())),
        st.randoms(use_true_random=False),
    )
    last = b""

    def holds(data: bytes) -> None:
        nonlocal last
        last = data
        target(data)

    while number == 0 or time.monotonic() < end:
        number += 1
        some = settings(
            max_examples=3 if target.costly else 100,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        try:
            seed(number)(some(given(made | st.binary(max_size=2000))(holds)))()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            tell(f"{name}: {type(error).__name__}: {str(error)[:300]}")
            return keep(name, last, folder)
    return None


def led(name: str, seconds: int) -> Path | None:
    """Run one target in a process of its own, which ends at what it finds."""
    kept = WORK / "found" / name
    kept.mkdir(parents=True, exist_ok=True)
    for old in kept.iterdir():
        old.unlink()
    done = subprocess.run(
        [sys.executable, __file__, "--led", name, str(seconds)],
        env={**os.environ, "CONNECTSYNC_NOW": NOW, "PYTHONHASHSEED": "0"},
        check=False,
    )
    # what is only slow has a name of its own: work is counted, not timed
    found = [
        keep(name, path.read_bytes())
        for path in sorted(kept.iterdir())
        if not path.name.startswith("slow-unit-")
    ]
    if done.returncode != 0 and not found:
        raise SystemExit(f"{name} could not be tried: ended with {done.returncode}")
    return found[0] if found else None


def led_by_coverage(name: str, seconds: int) -> None:
    """Let atheris make inputs; it ends this process."""
    # by name: it is not there for every Python, nor for whoever checks the types
    atheris: Any = importlib.import_module("atheris")

    with atheris.instrument_imports(include=["connectsync"]):
        from fuzz_targets import TARGETS
    from fuzz_mutations import LARGEST, mutated

    target, corpus = TARGETS[name], WORK / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for data in target.seeds():
        (corpus / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)

    def changed(data: bytes, largest: int, number: int) -> bytes:
        chance = Random(number)  # noqa: S311 - inputs, no secret
        if chance.randrange(2):
            made: bytes = atheris.Mutate(data, largest)
            return made
        return mutated(data, chance)[:largest]

    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LARGEST * (8 if target.costly else 1)}",
        f"-artifact_prefix={WORK / 'found' / name}/",
        "-timeout=300",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([name, *options, str(corpus)], target, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
