"""The engine ``alibi``: alibi-detect's own detectors, constructed and called as it documents.

Each feature is handed over by itself, so that memory follows the largest one. alibi-detect answers
in 32-bit numbers and with asymptotic p-values; the threshold it applies is not used, because
driftloop controls false discoveries over all tests of a run.
"""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from threading import Lock
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.base.errors import ConfigError
from driftloop.drift.result import TestResult, package_label
from driftloop.profiling.columns import Numbers

_IMPORT_LOCK = Lock()


def is_installed() -> bool:
    """Return whether alibi-detect can be imported, without importing it."""
    return find_spec("alibi_detect") is not None


def require_alibi() -> None:
    """Check that alibi-detect is installed, before anything that needs it is begun.

    Raises:
        ConfigError: with both ways out.
    """
    if not is_installed():
        raise ConfigError(
            "drift.engine: alibi needs alibi-detect, which is not installed; set drift.engine: "
            "native, or install it with Python 3.11 or 3.12: pip install 'alibi-detect>=0.13,<0.14'"
        )


def alibi_ks(reference: Numbers, current: Numbers) -> TestResult:
    """Return the statistic and p-value of `KSDrift` on two samples (n,) and (m,)."""
    detector = _detectors().KSDrift(reference.reshape(-1, 1))
    return _predict("ks", detector, current.reshape(-1, 1))


def alibi_chi_square(table: npt.ArrayLike) -> TestResult:
    """Return the statistic and p-value of `ChiSquareDrift` on counted categories.

    Args:
        table: counts of both samples (2, k); the detector gets a row per count.
    """
    counts = np.asarray(table, dtype=np.int64)
    codes = np.arange(counts.shape[1], dtype=np.int32)
    reference, current = (np.repeat(codes, sample).reshape(-1, 1) for sample in counts)
    return _predict("chi2", _detectors().ChiSquareDrift(reference), current)


def _predict(test: str, detector: Any, current: npt.NDArray[Any]) -> TestResult:
    data = detector.predict(current, drift_type="feature")["data"]
    statistic, p_value = float(data["distance"][0]), float(data["p_val"][0])
    return TestResult(test, statistic, p_value, engine=package_label("alibi-detect"))


@cache
def _detectors() -> Any:
    require_alibi()
    with _IMPORT_LOCK, warnings.catch_warnings(), _without_transformers():
        warnings.simplefilter("ignore")
        import alibi_detect.cd
    return alibi_detect.cd


@contextmanager
def _without_transformers() -> Iterator[None]:
    """Spare the import of transformers, which costs seconds.

    alibi-detect imports two of its classes to save and load detectors of text, which driftloop
    never does; stand-ins take their place while alibi-detect is imported.
    """
    if "transformers" in sys.modules or "alibi_detect.saving" in sys.modules:
        yield
        return
    stand_in = ModuleType("transformers")
    for name in ("AutoTokenizer", "PreTrainedTokenizerBase"):
        setattr(stand_in, name, type(name, (), {}))
    sys.modules["transformers"] = stand_in
    try:
        yield
    finally:
        del sys.modules["transformers"]
