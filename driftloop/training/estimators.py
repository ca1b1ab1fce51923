"""scikit-learn models that driftloop trains, each with its preprocessing.

Preprocessing lives inside the pipeline, so that serving equals training.
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from driftloop.base.import_path import Predicts, find_class, parameters_of
from driftloop.base.settings import Settings

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Choice = bool | int | float | str | None
Both = tuple[Predicts, ...]
_CATEGORIES = 200


class HistGradientBoosting(Settings):
    """Histogram gradient boosting: strong on tables, takes missing values as they are."""

    predicts: ClassVar[Both] = ("classes", "quantity")
    kind: Literal["hist_gradient_boosting"] = "hist_gradient_boosting"
    max_iter: int = Field(default=150, ge=1, le=5000, description="Number of trees.")
    learning_rate: float = Field(default=0.1, gt=0, le=1, description="Shrinkage of each tree.")
    max_leaf_nodes: int = Field(default=15, ge=2, le=1024, description="Leaves of a tree.")
    min_samples_leaf: int = Field(default=20, ge=1, description="Rows a leaf must hold.")
    l2_regularization: float = Field(default=0.0, ge=0, description="Penalty on leaf values.")

    def build(
        self,
        numeric: tuple[str, ...],
        categorical: tuple[str, ...],
        seed: int,
        regression: bool = False,
    ) -> "Pipeline":
        """Return the unfitted pipeline for a table of these columns."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        made = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        estimator = made(**_parameters(self), random_state=seed)
        return _pipeline("passthrough", numeric, _ordinal(), categorical, estimator)


class RandomForest(Settings):
    """Random forest: robust with little tuning; larger and slower than boosting."""

    predicts: ClassVar[Both] = ("classes", "quantity")
    kind: Literal["random_forest"] = "random_forest"
    n_estimators: int = Field(default=200, ge=1, le=5000, description="Number of trees.")
    max_depth: int | None = Field(default=None, ge=1, description="Depth of a tree, if limited.")
    min_samples_leaf: int = Field(default=5, ge=1, description="Rows a leaf must hold.")

    def build(
        self,
        numeric: tuple[str, ...],
        categorical: tuple[str, ...],
        seed: int,
        regression: bool = False,
    ) -> "Pipeline":
        """Return the unfitted pipeline for a table of these columns."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        made = RandomForestRegressor if regression else RandomForestClassifier
        estimator = made(**_parameters(self), random_state=seed, n_jobs=-1)
        return _pipeline(_imputer(), numeric, _one_hot(), categorical, estimator)


class LogisticRegression(Settings):
    """Logistic regression on scaled numbers: small, fast and easy to explain; for classes."""

    predicts: ClassVar[Both] = ("classes",)
    kind: Literal["logistic_regression"] = "logistic_regression"
    C: float = Field(default=1.0, gt=0, description="Inverse strength of the penalty.")
    max_iter: int = Field(default=1000, ge=10, description="Iterations of the solver.")

    def build(
        self,
        numeric: tuple[str, ...],
        categorical: tuple[str, ...],
        seed: int,
        regression: bool = False,
    ) -> "Pipeline":
        """Return the unfitted pipeline for a table of these columns."""
        from sklearn.linear_model import LogisticRegression as Classifier

        estimator = Classifier(**_parameters(self), random_state=seed)
        return _pipeline(_scaled(), numeric, _one_hot(), categorical, estimator)


class LinearRegression(Settings):
    """Ridge regression on scaled numbers: small, fast and easy to explain; for quantities."""

    predicts: ClassVar[Both] = ("quantity",)
    kind: Literal["linear_regression"] = "linear_regression"
    alpha: float = Field(default=1.0, ge=0, description="Strength of the penalty.")

    def build(
        self,
        numeric: tuple[str, ...],
        categorical: tuple[str, ...],
        seed: int,
        regression: bool = False,
    ) -> "Pipeline":
        """Return the unfitted pipeline for a table of these columns."""
        from sklearn.linear_model import Ridge

        estimator = Ridge(**_parameters(self), random_state=seed)
        return _pipeline(_scaled(), numeric, _one_hot(), categorical, estimator)


class Custom(Settings):
    """Any estimator of scikit-learn, or one that training.allow.estimators names, by its path."""

    predicts: ClassVar[Both] = ("classes", "quantity")
    kind: Literal["custom"] = "custom"
    path: str = Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$",
        description="Import path of the class, such as sklearn.ensemble.ExtraTreesClassifier.",
    )
    parameters: dict[str, Choice | tuple[Choice, ...]] = Field(
        default_factory=dict, description="Its parameters; the others keep their defaults."
    )
    numeric: Literal["passthrough", "impute", "scale"] = Field(
        default="impute",
        description="Numbers as they are, with medians for missing ones, or scaled as well.",
    )
    categorical: Literal["ordinal", "one_hot"] = Field(
        default="one_hot", description="Categories as whole numbers, or one column each."
    )

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def build(
        self,
        numeric: tuple[str, ...],
        categorical: tuple[str, ...],
        seed: int,
        regression: bool = False,
    ) -> "Pipeline":
        """Return the unfitted pipeline for a table of these columns."""
        given = dict(self.parameters)
        if "random_state" in parameters_of(self.path):
            given.setdefault("random_state", seed)
        on_numbers = {"passthrough": "passthrough", "impute": _imputer(), "scale": _scaled()}
        encoder = _ordinal() if self.categorical == "ordinal" else _one_hot()
        estimator = find_class(self.path)(**given)
        return _pipeline(on_numbers[self.numeric], numeric, encoder, categorical, estimator)


Estimator = Annotated[
    HistGradientBoosting | RandomForest | LogisticRegression | LinearRegression | Custom,
    Field(discriminator="kind"),
]

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


def _parameters(settings: Settings) -> dict[str, Any]:
    return settings.model_dump(exclude={"kind"})


def _ordinal() -> Any:
    from sklearn.preprocessing import OrdinalEncoder

    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-1,
        max_categories=_CATEGORIES,
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
        handle_unknown="infrequent_if_exist", max_categories=_CATEGORIES, sparse_output=False
    )


def _pipeline(
    on_numbers: Any,
    numeric: tuple[str, ...],
    on_categories: Any,
    categorical: tuple[str, ...],
    estimator: Any,
) -> "Pipeline":
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    prepare = ColumnTransformer(
        [
            ("numeric", on_numbers, list(numeric)),
            ("categorical", on_categories, list(categorical)),
        ]
    )
    return Pipeline([("prepare", prepare), ("estimator", estimator)])
