"""Predictions that were served: columns of the data that hold what somebody's model said.

A reader of them answers where a fitted model does (see `driftloop.training.training.predict`), so
that whoever asks for the predictions of some rows need not know where they come from.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.performance.target import Classes, Probabilities, Target
from driftloop.profiling.reference_profile import Features
from driftloop.training.served_columns import ServedColumns


class ServedPredictions:
    """The predictions of a model that is not at hand: read, and not computed.

    NaN in every column of a prediction says that the row was not logged.
    """

    def __init__(self, column: str, target: Target, features: Features, decided: bool) -> None:
        self.served = Features((), (column,)) if decided else Features((column,), ())
        self.reads = Features(
            features.numeric + self.served.numeric, features.categorical + self.served.categorical
        )
        self._column, self._target, self.decided = column, target, decided

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes, one for each column of probabilities."""
        return np.array(self._target.names if isinstance(self._target, Classes) else ())

    def predict(self, table: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the quantities that were served (n,); NaN for rows without one."""
        return table[self._column].to_numpy(np.float64)

    def predict_proba(self, table: pd.DataFrame) -> Probabilities:
        """Return the probabilities that were served (n, classes), NaN for rows without one.

        Of a decision they are 1 for the class decided for and 0 for the others. A probability
        outside 0 to 1 and a class that is not known count as not logged.
        """
        values = table[self._column].to_numpy()
        if self.decided:
            chosen: Probabilities = (values[:, None] == self.classes_[None, :]).astype(np.float64)
            chosen[chosen.sum(axis=1) == 0] = np.nan
            return chosen
        positive = np.where((values >= 0) & (values <= 1), values, np.nan)
        return np.column_stack([1 - positive, positive])


def reader(
    columns: ServedColumns, target: Target, features: Features, decisions: bool
) -> ServedPredictions:
    """Return what reads the predictions off rows; by `decisions` where these are what counts.

    `features` are those of the model that served, which is compared by them.
    """
    decided = columns.score is None or (decisions and columns.decision is not None)
    column = columns.decision if decided else columns.score
    return ServedPredictions(str(column), target, features, decided)


def logged(model: Any, p: Probabilities) -> npt.NDArray[np.bool_]:
    """Return whether the prediction of each row is known (n,), as a computed one always is."""
    if not isinstance(model, ServedPredictions):
        return np.ones(len(p), dtype=bool)
    known: npt.NDArray[np.bool_] = np.isfinite(p).all(axis=1)
    return known
