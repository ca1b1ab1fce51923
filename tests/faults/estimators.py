"""Estimators that a configuration names by their path, and that do not do what they should."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Constant(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Learns nothing."""

    def fit(self, rows: Any, y: Any) -> Self:
        self.classes_ = np.unique(y)
        return self

    def predict(self, rows: Any) -> Any:
        return np.full(len(rows), self.classes_[0])

    def predict_proba(self, rows: Any) -> Any:
        return np.full((len(rows), len(self.classes_)), 1 / len(self.classes_))


class Raising(Constant):
    """Tells a data row when it fails."""

    def fit(self, rows: Any, y: Any) -> Self:
        raise ValueError(f"row {rows[0]} is one too many")


class NoNumber(Constant):
    """Predicts that nobody knows."""

    def predict_proba(self, rows: Any) -> Any:
        return np.full((len(rows), len(self.classes_)), np.nan)
