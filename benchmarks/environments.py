"""Python environments for the peers: one each, made on demand from a pinned list."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.paths import CACHE, REQUIREMENTS, ROOT

OWN = "driftloop"


def variables() -> dict[str, str]:
    """Return the environment variables of every process the benchmarks start."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    telemetry = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
    return {"UV_CACHE_DIR": str(ROOT / ".cache" / "uv"), **kept, **telemetry}


def python_of(name: str) -> Path:
    """Return the interpreter of an environment, making the environment where it is missing."""
    if name == OWN:
        return Path(sys.executable)
    listing = REQUIREMENTS / f"{name}.txt"
    home = CACHE / name
    stamp = home / "installed"
    wanted = hashlib.sha256(listing.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _install(name, home, listing)
        stamp.write_text(wanted)
    return home / "bin" / "python"


def _install(name: str, home: Path, listing: Path) -> None:
    print(f"Setting up the environment of {name} (once, about a minute) ...", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    uv = [str(Path(sys.executable).parent / "uv")]
    sync = ["pip", "sync", "-q", "--compile-bytecode", "--python", str(home / "bin" / "python")]
    for command in (["venv", "-q", "--python", sys.executable, str(home)], [*sync, str(listing)]):
        subprocess.run([*uv, *command], check=True, env=variables())
