"""scikit-learn models that driftloop trains, each with its preprocessing.

Preprocessing is part of the pipeline, so that serving equals training. A new subclass of
`Estimator` above the line ``AnyEstimator`` is a new kind.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from driftloop.base.errors import TrainingError
from driftloop.base.import_path import PredictionType, default_parameters, import_class
from driftloop.base.settings import Settings, any_of
from driftloop.profiling.reference_profile import Features

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

NOT_TRAINED = (
    "its model is served elsewhere and only watched here, so that there is none to train, compare, "
    "promote or roll back; name one under training.estimator to have driftloop train it"
)
"""What is said of a model with `training.estimator: {kind: none}`."""

Choice = bool | int | float | str | None
Steps = tuple[Any, Any, Any]
_MAX_CATEGORIES = 200


class Estimator(Settings):
    """A scikit-learn model and the preprocessing that suits it."""

    predicts: ClassVar[tuple[PredictionType, ...]] = ("classes", "quantity")
    kind: str

    @abstractmethod
    def steps(self, seed: int, regression: bool) -> Steps:
        """Return the preprocessing of numbers and of categories, and the estimator."""

    def build(
        self,
        numeric: tuple[str, ...],
        categorical: tuple[str, ...],
        seed: int,
        regression: bool = False,
    ) -> "Pipeline":
        """Return the unfitted pipeline for a table of these columns."""
        from sklearn.compose import ColumnTransformer
        from sklearn.pipeline import Pipeline

        on_numbers, on_categories, estimator = self.steps(seed, regression)
        transformers = [
            ("numeric", on_numbers, list(numeric)),
            ("categorical", on_categories, list(categorical)),
        ]
        return Pipeline([("prepare", ColumnTransformer(transformers)), ("estimator", estimator)])

    def _parameters(self) -> dict[str, Any]:
        return self.model_dump(exclude={"kind"})


class HistGradientBoosting(Estimator):
    """Histogram gradient boosting: strong on tables, takes missing values as they are."""

    kind: Literal["hist_gradient_boosting"] = "hist_gradient_boosting"
    max_iter: int = Field(default=150, ge=1, le=5000, description="Number of trees.")
    learning_rate: float = Field(default=0.1, gt=0, le=1, description="Shrinkage of each tree.")
    max_leaf_nodes: int = Field(default=15, ge=2, le=1024, description="Leaves of a tree.")
    min_samples_leaf: int = Field(default=20, ge=1, description="Rows a leaf must hold.")
    l2_regularization: float = Field(default=0.0, ge=0, description="Penalty on leaf values.")

    def steps(self, seed: int, regression: bool) -> Steps:
        """Return the preprocessing of numbers and of categories, and the estimator."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        model = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        estimator = model(**self._parameters(), random_state=seed)
        return "passthrough", _ordinal(), estimator


class RandomForest(Estimator):
    """Random forest: robust with little tuning; larger and slower than boosting."""

    kind: Literal["random_forest"] = "random_forest"
    n_estimators: int = Field(default=200, ge=1, le=5000, description="Number of trees.")
    max_depth: int | None = Field(default=None, ge=1, description="Depth of a tree, if limited.")
    min_samples_leaf: int = Field(default=5, ge=1, description="Rows a leaf must hold.")

    def steps(self, seed: int, regression: bool) -> Steps:
        """Return the preprocessing of numbers and of categories, and the estimator."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        model = RandomForestRegressor if regression else RandomForestClassifier
        estimator = model(**self._parameters(), random_state=seed, n_jobs=-1)
        return _imputer(), _one_hot(), estimator


class LogisticRegression(Estimator):
    """Logistic regression on scaled numbers: small, fast and easy to explain; for classes."""

    predicts = ("classes",)
    kind: Literal["logistic_regression"] = "logistic_regression"
    C: float = Field(default=1.0, gt=0, description="Inverse strength of the penalty.")
    max_iter: int = Field(default=1000, ge=10, description="Iterations of the solver.")

    def steps(self, seed: int, regression: bool) -> Steps:
        """Return the preprocessing of numbers and of categories, and the estimator."""
        from sklearn.linear_model import LogisticRegression as Classifier

        estimator = Classifier(**self._parameters(), random_state=seed)
        return _scaled(), _one_hot(), estimator


class LinearRegression(Estimator):
    """Ridge regression on scaled numbers: small, fast and easy to explain; for quantities."""

    predicts = ("quantity",)
    kind: Literal["linear_regression"] = "linear_regression"
    alpha: float = Field(default=1.0, ge=0, description="Strength of the penalty.")

    def steps(self, seed: int, regression: bool) -> Steps:
        """Return the preprocessing of numbers and of categories, and the estimator."""
        from sklearn.linear_model import Ridge

        estimator = Ridge(**self._parameters(), random_state=seed)
        return _scaled(), _one_hot(), estimator


class Custom(Estimator):
    """Any estimator of scikit-learn, or one listed in training.allow.estimators, by import path."""

    kind: Literal["custom"] = "custom"
    path: str = Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$",
        description="Import path of the class, such as sklearn.ensemble.ExtraTreesClassifier.",
    )
    parameters: dict[str, Choice | tuple[Choice, ...]] = Field(
        default_factory=dict, description="Its parameters; others keep their defaults."
    )
    numeric: Literal["passthrough", "impute", "scale"] = Field(
        default="impute",
        description="Numbers as they are, with missing ones imputed by the median, or also scaled.",
    )
    categorical: Literal["ordinal", "one_hot"] = Field(
        default="one_hot", description="Categories as integers, or one column per category."
    )

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def steps(self, seed: int, regression: bool) -> Steps:
        """Return the preprocessing of numbers and of categories, and the estimator."""
        parameters = dict(self.parameters)
        if "random_state" in default_parameters(self.path):
            parameters.setdefault("random_state", seed)
        on_numbers = {"passthrough": "passthrough", "impute": _imputer(), "scale": _scaled()}
        encoder = _ordinal() if self.categorical == "ordinal" else _one_hot()
        estimator = import_class(self.path)(**parameters)
        return on_numbers[self.numeric], encoder, estimator


class NoEstimator(Estimator):
    """Nothing is trained here: another system trains and serves, and its predictions are data."""

    kind: Literal["none"] = "none"

    def steps(self, seed: int, regression: bool) -> Steps:
        """Raise `TrainingError`: there is nothing to train."""
        raise TrainingError(NOT_TRAINED)


if TYPE_CHECKING:
    AnyEstimator = Estimator
else:
    AnyEstimator = any_of(Estimator)

SAFE_TYPES = frozenset(
    {
        "functools.partial",
        "numpy.dtype",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.model_selection._split.StratifiedKFold",
        "sklearn.tree._tree.Tree",
        "sklearn.utils.validation.check_array",
    }
)
"""Types that skops does not trust by itself and that these estimators are made of."""


def _ordinal() -> Any:
    from sklearn.preprocessing import OrdinalEncoder

    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-1,
        max_categories=_MAX_CATEGORIES,
    )


def _scaled() -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(_imputer(), StandardScaler())


def _imputer() -> Any:
    from sklearn.impute import SimpleImputer

    return SimpleImputer(strategy="median", keep_empty_features=True)


def _one_hot() -> Any:
    from sklearn.preprocessing import OneHotEncoder

    return OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=_MAX_CATEGORIES, sparse_output=False
    )


def features_of(model: Any) -> Features:
    """Return the columns that a fitted model reads, which may not be those configured by now.

    Those of a model that is none of `Estimator.build` are not known: it has none.
    """
    if (reads := getattr(model, "reads", None)) is not None:
        return Features(*reads)
    while (inner := getattr(model, "named_steps", None)) is None:
        calibrated = getattr(model, "calibrated_classifiers_", None)
        model = calibrated[0].estimator if calibrated else getattr(model, "estimator", None)
        if model is None:
            return Features((), ())
    chosen = {name: columns for name, _, columns in inner["prepare"].transformers}
    names = tuple(map(str, model.feature_names_in_))  # a number that was never there is in none
    numeric = tuple(name for name in names if name not in chosen["categorical"])
    return Features(numeric, tuple(chosen["categorical"]))
