"""What is installed is what the locks hold, each file checked against its SHA-256."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-oldest.lock", "requirements-uv.lock"]
)
def test_every_requirement_is_pinned_and_has_a_hash(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[\w.\-]+(\[[\w,\-]+\])?==\S+ ", line), line[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line[:80]


def test_make_installs_nothing_without_hashes_but_the_checkout() -> None:
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    installs = [line for line in text.splitlines() if re.search(r"(pip install|pip sync) ", line)]
    assert len(installs) >= 5
    for line in installs:
        own = line.rstrip().endswith("--no-deps --no-build-isolation -e .")
        assert own or "--require-hashes" in line, line
