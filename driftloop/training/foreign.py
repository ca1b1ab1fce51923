"""A model made elsewhere: it answers where a fitted pipeline of driftloop's own does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.errors import TrainingError, join_names, reason
from driftloop.performance.target import Classes, Probabilities, Target, class_text
from driftloop.profiling.columns import category_text
from driftloop.profiling.reference_profile import Features

_SLACK = 1e-5
"""By how much probabilities of 32 bits may lie outside 0 to 1."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What a foreign model reads and predicts: its columns in its own order, and its classes.

    `types` has the NumPy type of a column that is neither float64 as a number nor text as a
    category; a quantity has no `classes`.
    """

    columns: tuple[str, ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    types: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()


class ForeignModel:
    """A scorer of any library behind the methods of scikit-learn, as its contract says.

    `levels` are the categories of columns that the scorer takes as pandas categories, `folder`
    holds its files, of `size` bytes.
    """

    def __init__(
        self, scorer: Any, contract: Contract, folder: Path, levels: Mapping[str, list[Any]]
    ) -> None:
        self.reads = Features(contract.numeric, contract.categorical)
        self.contract, self.folder = contract, folder
        self.size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        self._scorer, self._levels, self._kept = scorer, levels, None

    def keep(self, temporary: Any) -> None:
        """Let the folder that holds the files last as long as the model."""
        self._kept = temporary

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes, one for each column of probabilities."""
        return np.array(self.contract.classes)

    def predict(self, table: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the predicted quantities (n,)."""
        said = _array(self._scorer.predict(self._inputs(table))).astype(np.float64)
        return said.reshape(len(table))

    def predict_proba(self, table: pd.DataFrame) -> Probabilities:
        """Return probabilities (n, classes); of a scorer that decides they are 0 and 1."""
        rows, names = self._inputs(table), self.contract.classes
        if hasattr(self._scorer, "predict_proba"):
            return _in_order(self._scorer.predict_proba(rows), self._scorer.classes_, names)
        said = self._scorer.predict(rows)
        if isinstance(said, pd.DataFrame) and {*map(class_text, said.columns)} == {*names}:
            return _in_order(said, said.columns, names)
        return _probabilities(_array(said), names)

    def check(self, rows: pd.DataFrame, target: Target) -> None:
        """Raise `TrainingError` where the predictions on some rows are none of this target."""
        own = getattr(self._scorer, "classes_", None)
        if isinstance(target, Classes) and own is not None:
            _check_classes([class_text(value) for value in own], target)
        try:
            said = self.predict_proba(rows) if self.contract.classes else self.predict(rows)
        except TrainingError:
            raise
        except Exception as error:  # a scorer of another library may raise anything
            cause = reason(error, map(str, rows.columns))
            raise TrainingError(f"the model cannot score the rows: {cause}") from error
        if bad := int((~np.isfinite(said)).reshape(len(rows), -1).any(axis=1).sum()):
            raise TrainingError(
                f"the model's predictions are not valid numbers on {bad:,} of {len(rows):,} rows"
            )

    def _inputs(self, table: pd.DataFrame) -> pd.DataFrame:
        kinds = self.contract.types
        changed = {name: _as_type(table[name], kind) for name, kind in kinds.items()}
        changed |= {name: _as_category(table[name], own) for name, own in self._levels.items()}
        return table[list(self.contract.columns)].assign(**changed)


def _check_classes(own: list[str], target: Classes) -> None:
    if {*own} != {*target.names}:
        raise TrainingError(
            f"the model predicts the classes {join_names(own, 6)}, and the labels are "
            f"{join_names(target.names, 6)}"
        )


def _as_type(column: "pd.Series[Any]", kind: str) -> "pd.Series[Any]":
    """Return a column in a type; whole numbers stay floats where some are missing."""
    numbers: pd.Series[Any] = pd.to_numeric(column)
    return numbers if numbers.isna().any() and kind[0] != "f" else numbers.astype(np.dtype(kind))


def _as_category(column: "pd.Series[Any]", levels: list[Any]) -> "pd.Series[Any]":
    """Return text as the categories that a scorer was trained on; others are missing to it."""
    places = dict(zip(category_text(pd.Series(levels)), levels, strict=True))
    chosen = pd.Categorical([places.get(value) for value in column], categories=levels)
    return pd.Series(chosen, index=column.index)


def _array(said: Any) -> npt.NDArray[Any]:
    array = np.asarray(said)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _in_order(said: Any, own: Any, names: tuple[str, ...]) -> Probabilities:
    values, known = np.asarray(said, dtype=np.float64), [class_text(value) for value in own]
    return _checked(values[:, [known.index(name) for name in names]])


def _probabilities(said: npt.NDArray[Any], names: tuple[str, ...]) -> Probabilities:
    """Return what was said as probabilities: those of the last class, of all, or decisions."""
    if said.ndim == 2:
        if said.shape[1] != len(names):
            raise TrainingError(
                f"the model predicts {said.shape[1]} classes, and the labels are "
                f"{join_names(names, 6)}"
            )
        return _checked(said.astype(np.float64))
    if len(names) == 2 and said.dtype.kind == "f":
        positive = _checked(said.astype(np.float64))
        return np.column_stack([1 - positive, positive])
    decided = np.array([class_text(value) for value in said.tolist()])
    if strange := sorted({*decided} - {*names}):
        raise TrainingError(
            f"the model predicts the classes {join_names(strange, 6)}, and the labels are "
            f"{join_names(names, 6)}"
        )
    chosen: Probabilities = (decided[:, None] == np.array(names)[None, :]).astype(np.float64)
    return chosen


def _checked(values: Probabilities) -> Probabilities:
    """Return probabilities; what lies outside 0 to 1 is a score of another kind."""
    if ((values < -_SLACK) | (values > 1 + _SLACK)).any():
        raise TrainingError(
            f"the model predicts scores from {np.nanmin(values):.3g} to {np.nanmax(values):.3g}, "
            "and those of classes have to be probabilities, from 0 to 1"
        )
    return np.clip(values, 0.0, 1.0)
