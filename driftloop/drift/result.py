"""The result of a statistical test, and the package that computed it."""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True, slots=True)
class TestResult:
    """Statistic and p-value of a statistical test (NaN where undefined)."""

    __test__ = False  # keeps pytest from collecting it

    test: str
    statistic: float
    p_value: float
    relative_error: float = 0.0
    """Largest relative error of an approximate p-value; 0 where it is exact."""

    engine: str = ""
    """Package and version that computed it; empty for driftloop itself."""


@cache
def package_label(package: str) -> str:
    """Return a package with its version, or its name alone where it is not installed as one."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package
