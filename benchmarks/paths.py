"""Paths of what the benchmarks make."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"
DATA = CACHE / "data"
RESULTS = CACHE / "results"
REQUIREMENTS = ROOT / "benchmarks" / "environments"
PAGE = ROOT / "docs" / "benchmarks.md"
DOCS = ROOT / "docs" / "benchmarks"
