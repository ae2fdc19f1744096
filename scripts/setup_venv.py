"""Make the virtual environment, part by part, and say what each part does and takes.

Two parts run side by side: pip fetches and installs packages, which waits for the network, while
llama.cpp compiles, which waits for the processor. Needs nothing but Python's own library.

    python3 -m scripts.setup_venv .venv          what `make demo` needs
    python3 -m scripts.setup_venv .venv --dev    what `make test` needs, too
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILED = "llama-cpp-python"
TORCH = "torch"
# PyTorch's own index of builds without CUDA, which PyPI's Linux builds bring by the gigabyte.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# Multimodal support, TLS and subprocess tools are not used here.
CMAKE_ARGS = (
    "-DLLAVA_BUILD=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_SUBPROCESS=OFF "
    f"-DCMAKE_PROJECT_llama_cpp_INCLUDE={ROOT / 'scripts' / 'llama_cpp.cmake'}"
)
TERMINAL_EVERY = 0.5
LOG_EVERY = 15.0
LAST_LINES = 25


class SetupError(Exception):
    """Something that ends the set-up, and what to do about it."""


@dataclass(slots=True)
class Part:
    """One part of the set-up: what it is called, and what it is doing now."""

    name: str
    doing: str = "waits"
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("venv", type=Path, help="folder of the virtual environment")
    parser.add_argument("--dev", action="store_true", help="tools for tests and types, too")
    arguments = parser.parse_args()
    try:
        set_up(arguments.venv.absolute(), dev=arguments.dev)
    except SetupError as error:
        sys.exit(f"Set-up failed: {error}")
    except KeyboardInterrupt:
        sys.exit("Set-up was interrupted; it goes on from where it was when it is run again.")


def set_up(venv: Path, *, dev: bool) -> None:
    """Make or complete the environment.

    Raises:
        SetupError: a part failed.
    """
    started = time.monotonic()
    pins = read_lock(ROOT / ("requirements-dev.lock" if dev else "requirements.lock"))
    if dev:
        pins |= read_lock(ROOT / "requirements-clients.lock")
    logs = venv / "setup-logs"
    if not (venv / "bin" / "python").exists():
        say(f"New environment {venv}")
        run([sys.executable, "-m", "venv", str(venv)], "make a virtual environment")
    logs.mkdir(exist_ok=True)
    there = installed(venv)
    missing = {name: pin for name, pin in pins.items() if pin not in there}
    if COMPILED in missing:
        check_compiler()
    if missing:
        say(plan(missing))
    packages = Part("packages")
    llama = Part("llama.cpp")
    jobs: list[tuple[Part, Callable[[], str]]] = []
    others = [pin for name, pin in missing.items() if name not in {COMPILED, TORCH}]
    if others or TORCH in missing:
        torch = missing.get(TORCH)
        jobs.append((packages, lambda: install(venv, others, torch, packages, logs)))
    if COMPILED in missing:
        jobs.append((llama, lambda: compile_llama(venv, missing[COMPILED], llama, logs)))
    side_by_side(jobs)
    itself = ["--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    run([*pip(venv, "install"), *itself], "install Overlay itself")
    say(f"Ready after {clock(time.monotonic() - started)}.\n")


def read_lock(path: Path) -> dict[str, str]:
    """Pins by name: ``{"numpy": "numpy==2.4.6"}``."""
    found = re.findall(r"^([a-z0-9-]+)==([^\s;]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: f"{name}=={version}" for name, version in found}


def installed(venv: Path) -> set[str]:
    """Pins of what is there already; a local build such as 2.13.0+cpu counts as its release."""
    listed = run([*pip(venv, "list"), "--format", "freeze"], "list what is installed")
    return {
        f"{re.sub(r'[-_.]+', '-', name).lower()}=={version.partition('+')[0]}"
        for name, _, version in (line.partition("==") for line in listed.splitlines())
    }


def plan(missing: dict[str, str]) -> str:
    """What is still to come, in a few lines."""
    lines = [f"Still to come, the first time only ({os.cpu_count()} cores here):"]
    count = len([name for name in missing if name != COMPILED])
    if count:
        lines.append(f"  packages    {count} to fetch and install" + size_of(missing))
    if COMPILED in missing:
        lines.append("  llama.cpp   to compile: one to three minutes on two cores, beside the rest")
    return "\n".join(lines)


def size_of(missing: dict[str, str]) -> str:
    return ", about 550 MB with the two default models" if TORCH in missing else ""


def install(venv: Path, pins: Sequence[str], torch: str | None, part: Part, logs: Path) -> str:
    """Fetch and install everything that is not compiled; what was done."""
    command = [*pip(venv, "install"), "--no-deps", "--no-compile", "--progress-bar", "off"]
    if torch is not None:
        part.doing = "fetches torch"
        index, why = torch_index()
        follow([*command, *index, torch], logs / "torch.log", lambda _: None)
        if not imports_torch(venv):
            # A build for CUDA needs the packages that it names.
            part.doing = "fetches torch's CUDA packages"
            follow([*pip(venv, "install"), torch], logs / "torch-cuda.log", lambda _: None)
            why = "with CUDA"
        say(f"  torch       installed {why}, {clock(part.seconds)}")
    done = 0

    def watch(line: str) -> None:
        nonlocal done
        if line.startswith("Collecting "):
            done += 1
            part.doing = f"fetched {done} of {len(pins)}"
        elif line.startswith("Installing collected"):
            part.doing = f"installs {len(pins)}"

    if pins:
        follow([*command, *pins], logs / "packages.log", watch)
    return f"{len(pins) + (torch is not None)} installed"


def torch_index() -> tuple[list[str], str]:
    """Where torch comes from: without a GPU on Linux, from PyTorch's index of CPU builds.

    Returns:
        pip's arguments, and what to say of them.
    """
    named = os.environ.get("TORCH_INDEX")
    if named:
        return ["--extra-index-url", named], f"from {named}"
    if sys.platform != "linux" or shutil.which("nvidia-smi"):
        return [], "as PyPI has it"
    try:
        with urllib.request.urlopen(f"{TORCH_CPU_INDEX}/torch/", timeout=5):  # noqa: S310 - https
            return ["--extra-index-url", TORCH_CPU_INDEX], "without CUDA, from PyTorch's index"
    except OSError:
        return [], "from where pip looks (PyTorch's index of CPU builds was not reached)"


def imports_torch(venv: Path) -> bool:
    """Whether torch finds the libraries that it loads; its Python packages may still be missing."""
    script = "import torch._C"
    done = subprocess.run(  # noqa: S603 - our own environment
        [venv / "bin" / "python", "-c", script], capture_output=True, text=True, check=False
    )
    return "cannot open shared object file" not in done.stderr


def check_compiler() -> None:
    """See to it before anything is fetched.

    Raises:
        SetupError: there is no C++ compiler.
    """
    if not any(shutil.which(name) for name in (os.environ.get("CXX", "c++"), "g++", "clang++")):
        raise SetupError(
            "there is no C++ compiler, which llama.cpp needs.\n"
            "Debian and Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; "
            "macOS: xcode-select --install"
        )


def compile_llama(venv: Path, pin: str, part: Part, logs: Path) -> str:
    """Compile and install llama-cpp-python; what was done."""
    part.doing = "fetches its source"

    def watch(line: str) -> None:
        # Ninja counts files, make gives per cent.
        if step := re.match(r"\s*\[(\d+)/(\d+)\] ", line):
            part.doing = f"compiled {step[1]} of {step[2]}"
        elif step := re.match(r"\s*\[ *(\d+%)\] ", line):
            part.doing = f"compiled {step[1]}"

    follow(
        [
            *pip(venv, "install"),
            "--verbose",
            "--no-deps",
            "--no-compile",
            "--no-binary",
            COMPILED,
            pin,
        ],
        logs / "llama-cpp.log",
        watch,
        env={
            "CMAKE_ARGS": os.environ.get("CMAKE_ARGS", CMAKE_ARGS),
            # Ninja takes all cores by itself, make does not.
            "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 1),
        },
    )
    return "compiled"


def pip(venv: Path, command: str) -> list[str]:
    return [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", command]


def run(command: Sequence[str], what: str) -> str:
    """Run a short command; its output.

    Raises:
        SetupError: it failed.
    """
    done = subprocess.run(  # noqa: S603 - our own commands
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SetupError(f"could not {what}:\n{done.stderr.strip()}")
    return done.stdout


def follow(
    command: Sequence[str],
    log: Path,
    watch: Callable[[str], None],
    env: dict[str, str] | None = None,
) -> None:
    """Run a long command, write what it prints to ``log``, and show each line to ``watch``.

    Raises:
        SetupError: it failed; the message ends with its last lines.
    """
    last: list[str] = []
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(  # noqa: S603 - our own commands
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | (env or {}),
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        for line in process.stdout:
            file.write(line)
            last = [*last[1 - LAST_LINES :], line]
            watch(line)
    if process.returncode:
        raise SetupError(f"{' '.join(command[3:6])} ... said\n\n{''.join(last)}\nAll of it: {log}")


def side_by_side(jobs: Sequence[tuple[Part, Callable[[], str]]]) -> None:
    """Run all parts at once and say how each goes.

    Raises:
        SetupError: one failed; the others are waited for, so that nothing half-done is left.
    """
    if not jobs:
        return
    with ThreadPoolExecutor(len(jobs)) as pool:
        left: dict[Future[str], Part] = {}
        for part, job in jobs:
            part.started = time.monotonic()
            left[pool.submit(job)] = part
        failures: list[SetupError] = []
        progress = Progress()
        while left:
            done, _ = wait(left, timeout=TERMINAL_EVERY, return_when=FIRST_COMPLETED)
            for future in done:
                part = left.pop(future)
                try:
                    say(f"  {part.name:11} {future.result()} in {clock(part.seconds)}")
                except SetupError as error:
                    say(f"  {part.name:11} failed after {clock(part.seconds)}")
                    failures.append(error)
            if left:
                progress.show("; ".join(f"{part.name} {part.doing}" for part in left.values()))
    if failures:
        raise failures[0]


class Progress:
    """Shows what goes on: in place on a terminal, now and then in a log."""

    def __init__(self) -> None:
        self._started = self._shown = time.monotonic()

    def show(self, doing: str) -> None:
        line = f"  {clock(time.monotonic() - self._started)}  {doing}"
        if sys.stdout.isatty():
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write(f"\r\033[K{line[:width]}")
            sys.stdout.flush()
        elif time.monotonic() - self._shown >= LOG_EVERY:
            self._shown = time.monotonic()
            say(line)


def say(text: str) -> None:
    """A line for whoever waits."""
    clear = "\r\033[K" if sys.stdout.isatty() else ""
    sys.stdout.write(f"{clear}{text}\n")
    sys.stdout.flush()


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


if __name__ == "__main__":
    main()
