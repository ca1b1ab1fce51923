"""Targets of a model: classes, with labels as codes, or a quantity."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.errors import DataError, valid_choices
from driftloop.profiling.columns import category_text
from driftloop.profiling.whole_numbers import lost_digits, number_text

Codes = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float64]
Values = npt.NDArray[np.float64]


def class_text(value: object) -> str:
    """Return how a class value is written: ``1``, ``1.0`` and ``True`` read as ``1``."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    return number_text(value) if isinstance(value, float) else str(value)


def label_text(labels: "pd.Series[Any]") -> npt.NDArray[Any]:
    """Return labels as text; raises `DataError` if one is missing or has lost digits."""
    if labels.isna().any():
        raise DataError(f"{int(labels.isna().sum())} labels of {labels.name!r} are missing")
    labels = labels.infer_objects()
    if pd.api.types.is_bool_dtype(labels):
        labels = labels.astype(int)
    if lost_digits(labels):
        raise DataError(
            f"the label {labels.name!r} holds classes of 2^53 or more as {labels.dtype}, which "
            "loses their last digits; write them as whole numbers or text"
        )
    return category_text(labels)


def predicted_classes(p: Probabilities, threshold: float | None = None) -> npt.NDArray[np.int64]:
    """Return the predicted class code of each row (n,): the positive one from `threshold` on.

    Without a threshold, or with more classes than two, it is the likeliest class.
    """
    if threshold is None or p.shape[1] != 2:
        likeliest: npt.NDArray[np.int64] = p.argmax(axis=1)
        return likeliest
    return (p[:, -1] >= threshold).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a problem in a fixed order; in a binary one the positive class is last."""

    names: tuple[str, ...]

    @property
    def binary(self) -> bool:
        """Whether there are exactly two classes."""
        return len(self.names) == 2

    @property
    def width(self) -> int:
        """Columns of a prediction: one a class."""
        return len(self.names)

    def values(self, codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the class of each code as a model is to predict it: an integer where all are."""
        whole = all(_is_integer(name) and -(2**63) <= int(name) < 2**63 for name in self.names)
        values: npt.NDArray[Any] = np.array([*map(int, self.names)] if whole else self.names)[codes]
        return values

    def encode(self, labels: "pd.Series[Any]") -> Codes:
        """Return the place of each label among the classes, -1 for a class not among them."""
        text = label_text(labels)
        order = np.argsort(np.array(self.names))
        places = np.searchsorted(np.array(self.names)[order], text.astype(str))
        places = np.minimum(places, len(self.names) - 1)
        codes = order[places]
        known = np.array(self.names)[codes] == text.astype(str)
        return np.where(known, codes, -1).astype(np.int64)

    def unknown(self, labels: "pd.Series[Any]") -> dict[str, int]:
        """Return the classes of labels that are not among these, with their rows, most first."""
        counts = pd.Series(label_text(labels)).value_counts()
        return {str(name): int(n) for name, n in counts.items() if name not in self.names}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number to predict, as in a regression."""

    @property
    def width(self) -> int:
        """Columns of a prediction: the predicted value alone."""
        return 1

    def values(self, y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the values as a model is to predict them: as they are."""
        return y

    def encode(self, labels: "pd.Series[Any]") -> Values:
        """Return the labels as numbers.

        Raises `DataError` if one is missing, infinite or not a number.
        """
        labels = labels.infer_objects()
        if not pd.api.types.is_numeric_dtype(labels) or pd.api.types.is_complex_dtype(labels):
            raise DataError(
                f"the label {labels.name!r} has {labels.dtype} values and task regression needs "
                "numbers; set task: binary or task: multiclass"
            )
        numbers: Values = labels.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = int((~np.isfinite(numbers)).sum())
        if bad:
            raise DataError(
                f"the label {labels.name!r} is missing or infinite in {bad:,} of "
                f"{len(numbers):,} rows; a regression needs finite labels: fix or drop these rows"
            )
        return numbers


Target = Classes | Quantity
"""What is predicted; either has `width`, `values(y)` and `encode(labels)`."""


def find_classes(labels: "pd.Series[Any]", positive: object | None, most: int = 50) -> Classes:
    """Return the classes that occur; with `positive` named, that one comes last.

    Raises `DataError` if fewer than two classes occur, more than `most`, or not the positive one.
    """
    names = sorted(set(label_text(labels)))
    if len(names) < 2:
        raise DataError(
            f"the label {labels.name!r} has one class only ({', '.join(names) or 'no rows'}); "
            "a model needs two or more"
        )
    if len(names) > most:
        raise DataError(
            f"the label {labels.name!r} has {len(names)} distinct values; driftloop trains "
            f"classifiers of up to {most} classes: set task: regression for a quantity"
        )
    if positive is None:
        return Classes(tuple(names))
    wanted = class_text(positive)
    if wanted not in names:
        raise DataError(
            f"the label {labels.name!r} never takes the positive class; "
            f"{valid_choices(wanted, names)}"
        )
    if len(names) > 2:
        raise DataError(
            f"a positive class is for two classes; the label {labels.name!r} holds "
            f"{len(names)}: {', '.join(names[:8])}"
        )
    return Classes((*(name for name in names if name != wanted), wanted))


def _is_integer(name: str) -> bool:
    """Say whether an integer is written back as this very text: ``1`` is, ``01`` is not."""
    return name.lstrip("-").isdecimal() and name.count("-") < 2 and str(int(name)) == name
