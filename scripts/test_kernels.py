"""Run what a real model says or computes on kernels that this processor does not use by itself.

A processor chooses llama.cpp's and torch's kernels, kernels round in their own ways, and a greedy
word can hang on a rounding. So llama.cpp is compiled twice more, without AVX-512 and without AVX2,
and the tests of real models and the demo run with each, on one thread and two, with and without
the 8-bit copy of the packaged model, and with torch's AVX2 kernels.

    make test-kernels                            all of it; about an hour on two cores
    .venv/bin/python -m scripts.test_kernels --tests none
    .venv/bin/python -m scripts.test_kernels --build no-avx2 -- tests/overlay
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.setup_venv import (
    CMAKE_ARGS,
    COMPILED,
    ROOT,
    SetupError,
    clock,
    follow,
    pip,
    read_lock,
    run,
    say,
)

FOLDER = ROOT / ".overlay" / "kernels"
# What each build leaves out; without AVX2 a processor has no FMA and no BMI2 either.
BUILDS = {
    "native": "",
    "no-avx512": "-DGGML_NATIVE=OFF -DGGML_AVX512=OFF",
    "no-avx2": "-DGGML_NATIVE=OFF -DGGML_AVX512=OFF -DGGML_AVX2=OFF -DGGML_FMA=OFF -DGGML_BMI2=OFF",
}
# Kernels that no processor has: the native ones on weights that are shaken as much as one rounds.
SHAKEN = {"shaken-1": 1, "shaken-2": 2}
THREADS = ("1", "2")
REQUANTIZE = ("auto", "never")
TORCH = ("default", "avx2")
_SUMMARY = re.compile(r"\d+ (?:passed|failed|error).* in \d")


@dataclass(frozen=True, slots=True)
class Setting:
    """One way in which this machine can compute."""

    build: str
    threads: str
    requantize: str
    torch: str
    in_half: bool

    def environment(self) -> dict[str, str]:
        """What a process needs to compute so."""
        chosen = {
            "OVERLAY_THREADS": self.threads,
            "OVERLAY_REQUANTIZE": self.requantize,
            "OMP_NUM_THREADS": self.threads,
        }
        if self.build in SHAKEN:
            chosen["OVERLAY_MODEL_CACHE"] = str(FOLDER / self.build)
        elif self.build != "native":
            # The whole package with its libraries: it stands before the one in the environment.
            chosen["PYTHONPATH"] = str(FOLDER / self.build)
        if self.torch != "default":
            chosen["ATEN_CPU_CAPABILITY"] = self.torch
        return chosen


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--build", choices=[*BUILDS, *SHAKEN], action="append", help="only this one"
    )
    parser.add_argument(
        "--tests",
        choices=("all", "half", "none"),
        default="half",
        help="run the tests in all settings, in two of each build's four, or not",
    )
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, behind --")
    arguments = parser.parse_args()
    if platform.machine() not in {"x86_64", "AMD64"}:
        sys.exit(f"These kernels are those of x86-64; this machine is {platform.machine()}.")
    try:
        sys.exit(check(arguments.build or [*BUILDS, *SHAKEN], arguments.pytest, arguments.tests))
    except SetupError as error:
        sys.exit(str(error))


def check(builds: Sequence[str], tests: Sequence[str], tested: str) -> int:
    """Compile, run and print a table; 1 if anything failed, else 0."""
    for build in builds:
        if build in SHAKEN:
            shake = [sys.executable, "-m", "scripts.shaken", str(FOLDER / build)]
            say(f"{build}: {run([*shake, str(SHAKEN[build])], 'shake the model').strip()}")
        else:
            compile_build(build)
    rows = [
        "| llama.cpp | threads | requantize | torch | tests | demo's first two answers |",
        "|---|---|---|---|---|---|",
    ]
    say("\n".join(rows))
    failed = False
    for setting in settings(builds):
        wanted = tested == "all" or (tested == "half" and setting.in_half)
        said = run_tests(setting, tests) if wanted else "-"
        demo = run_demo(setting)
        failed = failed or demo != "right" or "failed" in said or "error" in said
        rows.append(
            f"| {setting.build} | {setting.threads} | {setting.requantize} | {setting.torch} "
            f"| {said} | {demo} |"
        )
        say(rows[-1])
        (FOLDER / "table.md").write_text("\n".join(rows) + "\n", encoding="utf-8")
    say(f"What each run printed is in {FOLDER}.")
    return int(failed)


def settings(builds: Sequence[str]) -> Iterator[Setting]:
    """Every build with every number of threads and copy; torch's kernels take turns."""
    compiled = [build for build in builds if build not in SHAKEN]
    for build in compiled:
        for number, (threads, requantize) in enumerate(itertools.product(THREADS, REQUANTIZE)):
            turn = number in {1, 2}
            # One thread and two, with the copy and without; the next build pairs them otherwise.
            half = turn == bool(list(BUILDS).index(build) % 2)
            yield Setting(build, threads, requantize, TORCH[turn], in_half=half)
    for number, build in enumerate(build for build in builds if build in SHAKEN):
        yield Setting(build, THREADS[0], REQUANTIZE[0], TORCH[number % 2], in_half=True)


def compile_build(build: str) -> None:
    """Compile llama.cpp into a folder of its own, unless it is there.

    Raises:
        SetupError: it does not compile.
    """
    folder = FOLDER / build
    if build == "native" or (folder / "done").exists():
        return
    pin = read_lock(ROOT / "requirements.lock")[COMPILED]
    started = time.monotonic()
    say(f"Compiling llama.cpp {build} ...")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as wheels:
        follow(
            [
                *pip(Path(sys.prefix), "wheel"),
                "--no-cache-dir",
                "--no-deps",
                "--no-binary",
                COMPILED,
                "--wheel-dir",
                wheels,
                pin,
            ],
            folder / "compile.log",
            lambda _: None,
            env={"CMAKE_ARGS": f"{CMAKE_ARGS} {BUILDS[build]}"},
        )
        [wheel] = Path(wheels).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)  # our own wheel
    (folder / "done").touch()
    say(f"  compiled in {clock(time.monotonic() - started)}")


def run_tests(setting: Setting, tests: Sequence[str]) -> str:
    """Run the tests of real models; pytest's last line."""
    workers = max(1, (os.cpu_count() or 1) // int(setting.threads))
    side_by_side = ["--numprocesses", str(workers), "--dist", "worksteal"] if workers > 1 else []
    command = [sys.executable, "-m", "pytest", "-m", "real_model", "-q", *side_by_side, *tests]
    said = logged(setting, command, "tests")
    return _outcome(said)


def _outcome(said: str) -> str:
    """Pytest's summary; warnings of what it ends may follow it."""
    found = [line.strip("= ") for line in said.splitlines() if _SUMMARY.search(line)]
    return found[-1] if found else "error: no summary"


def run_demo(setting: Setting) -> str:
    """Run the demo; whether its first two answers are right."""
    said = logged(setting, [sys.executable, "-m", "eval.demo", "--check"], "demo")
    return said.strip().splitlines()[-1].removeprefix("The first two answers are ").rstrip(".")


def logged(setting: Setting, command: Sequence[str], name: str) -> str:
    way = f"{setting.build}-{setting.threads}-{setting.requantize}-{setting.torch}"
    log = FOLDER / f"{way}-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        cwd=ROOT,
        env=os.environ | setting.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    log.write_text(done.stdout, encoding="utf-8")
    return done.stdout


if __name__ == "__main__":
    main()
