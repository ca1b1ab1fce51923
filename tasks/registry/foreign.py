"""Models of others in MLflow's format: opened if they can be trusted, and kept beside our own.

What runs code when it is loaded (pickle, cloudpickle, a pyfunc, code beside the model) is opened
only where the configuration trusts it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from driftloop.base.errors import RegistryError, TrainingError, join_names, reason
from driftloop.performance.target import Classes, Target
from driftloop.profiling.reference_profile import Features
from driftloop.training.estimators import SAFE_TYPES
from driftloop.training.foreign import Contract, ForeignModel
from tasks.registry.skops_files import read_skops
from tasks.registry.skops_import import complete_skops

CONTRACT = "driftloop.json"
"""Beside the MLmodel of a foreign model: what it reads and predicts."""

_LIGHTGBM = frozenset(
    {
        "collections.OrderedDict",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRegressor",
        "lightgbm.sklearn.LGBMRanker",
    }
)
_SPECIFIC = ("lightgbm", "xgboost", "onnx", "sklearn")


@dataclass(frozen=True, slots=True)
class Trust:
    """Which types a model may hold, and whether it may run code of its own when it is loaded."""

    types: Set[str]
    code: bool = False

    def check(self, what: str, why: str) -> None:
        """Raise `TrainingError` if a model that runs code is not trusted."""
        if not self.code:
            raise TrainingError(
                f"{what} {why}, which runs code when it is loaded: if you trust whoever may write "
                "there, set training.allow.code: true (adopt: --trust), or store it with skops"
            )


SAFE = Trust(SAFE_TYPES)
"""What is trusted without a word in the configuration."""


def open_foreign(
    folder: Path, what: str, features: Features, target: Target, trust: Trust
) -> ForeignModel:
    """Return the model in a folder of MLflow's, to read these features and predict this target.

    The folder then says so itself, see `CONTRACT`.

    Raises:
        TrainingError: if it cannot be loaded, is not trusted, or reads other columns.
    """
    if not (folder / "MLmodel").is_file():
        raise TrainingError(
            f"{what} is not a model in MLflow's format: {folder.name} holds no file MLmodel"
        )
    scorer = _scorer(folder, what, trust)
    contract = _contract(folder, what, scorer, features, target)
    (folder / CONTRACT).write_text(json.dumps(asdict(contract)), encoding="utf-8")
    return ForeignModel(scorer, contract, folder, _levels(scorer, contract.columns, what))


def read_foreign(folder: Path, what: str, trust: Trust) -> ForeignModel:
    """Return a model that was kept with its contract."""
    raw = json.loads((folder / CONTRACT).read_text(encoding="utf-8"))
    values: dict[str, Any] = {
        key: value if key == "types" else tuple(value) for key, value in raw.items()
    }
    contract, scorer = Contract(**values), _scorer(folder, what, trust)
    return ForeignModel(scorer, contract, folder, _levels(scorer, contract.columns, what))


def _scorer(folder: Path, what: str, trust: Trust) -> Any:
    """Return what predicts, by the most specific flavour that it was stored in."""
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    try:
        flavors: Mapping[str, Mapping[str, Any]] = Model.load(str(folder)).flavors
        if any(settings.get("code") for settings in flavors.values()):
            trust.check(what, "brings code beside it")
        own = next((name for name in _SPECIFIC if name in flavors), None)
        if own == "onnx" and flavors["python_function"].get("loader_module") != "mlflow.onnx":
            own = None  # what is loaded then is no ONNX
        if own is None:
            return _pyfunc(folder, what, trust)
        return _OPENERS[own](folder, flavors[own], what, trust)
    except (TrainingError, RegistryError):
        raise
    except (ImportError, MlflowException) as error:
        raise TrainingError(
            f"{what} cannot be loaded here ({reason(error)}); install the packages that its "
            "requirements.txt names"
        ) from error
    except Exception as error:  # what another library stored may raise anything
        raise TrainingError(f"{what} cannot be loaded: {reason(error)}") from error


def _lightgbm(folder: Path, settings: Mapping[str, Any], what: str, trust: Trust) -> Any:
    import lightgbm

    file = folder / str(settings["data"])
    if settings.get("model_class", "lightgbm.basic.Booster") == "lightgbm.basic.Booster":
        return lightgbm.Booster(model_file=str(file))
    return _pickled(file, settings, what, Trust(trust.types | _LIGHTGBM, trust.code))


def _sklearn(folder: Path, settings: Mapping[str, Any], what: str, trust: Trust) -> Any:
    return _pickled(folder / str(settings["pickled_model"]), settings, what, trust)


def _pickled(file: Path, settings: Mapping[str, Any], what: str, trust: Trust) -> Any:
    kind = str(settings.get("serialization_format", "cloudpickle"))
    if kind == "skops":
        return read_skops(file, what, trust.types)
    trust.check(what, f"is stored with {kind}")
    import cloudpickle

    with file.open("rb") as stored:
        return cloudpickle.load(stored)


def _xgboost(folder: Path, settings: Mapping[str, Any], what: str, trust: Trust) -> Any:
    import mlflow

    kind = str(settings.get("model_class", "xgboost.core.Booster"))
    if not kind.startswith("xgboost."):
        trust.check(what, f"is a {kind}")
    model = mlflow.xgboost.load_model(str(folder))
    return _XgboostBooster(model) if kind.endswith(".Booster") else model


class _XgboostBooster:
    """A booster of XGBoost, which takes tables of its own only."""

    def __init__(self, booster: Any) -> None:
        self._booster, self.feature_names_in_ = booster, booster.feature_names

    def predict(self, table: Any) -> Any:
        import xgboost

        return self._booster.predict(xgboost.DMatrix(table))


def _onnx(folder: Path, settings: Mapping[str, Any], what: str, trust: Trust) -> Any:
    from onnxruntime import InferenceSession

    return _Onnx(InferenceSession(str(folder / str(settings["data"]))))


class _Onnx:
    """An ONNX model of one matrix or of a column each, of whose outputs probabilities count."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def predict(self, table: Any) -> Any:
        inputs = self._session.get_inputs()
        if len(inputs) == 1:
            values = {inputs[0].name: table.to_numpy(_number_of(inputs[0]))}
        else:
            values = {
                column.name: table[[column.name]].to_numpy(_number_of(column)) for column in inputs
            }
        names = [output.name for output in self._session.get_outputs()]
        chosen = next((name for name in names if "prob" in name), names[0])
        (said,) = self._session.run([chosen], values)
        return pd.DataFrame(said) if isinstance(said, list) else said  # a dictionary for each row


def _number_of(given: Any) -> Any:
    kinds = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64"}
    return kinds.get(given.type, "object")


def _pyfunc(folder: Path, what: str, trust: Trust) -> Any:
    import mlflow

    trust.check(what, "is a Python function")
    complete_skops()  # it may hold models that it loads itself
    return mlflow.pyfunc.load_model(str(folder))


_OPENERS: Mapping[str, Callable[[Path, Mapping[str, Any], str, Trust], Any]] = {
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "onnx": _onnx,
    "sklearn": _sklearn,
}


def _contract(folder: Path, what: str, scorer: Any, features: Features, target: Target) -> Contract:
    declared = declared_columns(folder)
    columns = tuple(declared) or _own_columns(scorer) or features.names
    if unknown := [name for name in columns if name not in features.names]:
        raise TrainingError(
            f"{what} reads {join_names(map(repr, unknown), 6)}, which features do not list: valid "
            f"are {join_names(features.names, 12)}"
        )
    texts = [name for name in features.numeric if declared.get(name) == "object"]
    if texts:
        raise TrainingError(
            f"{what} reads {join_names(map(repr, texts), 6)} as text, and features.numeric lists "
            "it; move it to features.categorical"
        )
    return Contract(
        columns,
        tuple(name for name in features.numeric if name in columns),
        tuple(name for name in features.categorical if name in columns),
        {name: kind for name, kind in declared.items() if kind not in ("object", "float64")},
        target.names if isinstance(target, Classes) else (),
    )


def declared_columns(folder: Path) -> dict[str, str]:
    """Return the columns that a model's signature names, with their NumPy types; {} without one."""
    from mlflow.models import Model

    signature = Model.load(str(folder)).signature
    inputs = signature.inputs if signature is not None else None
    if inputs is None or inputs.is_tensor_spec() or not inputs.has_input_names():
        return {}
    kinds: Iterable[Any] = inputs.numpy_types()
    return {name: str(kind) for name, kind in zip(inputs.input_names(), kinds, strict=True)}


def columns_read(folder: Path, what: str, trust: Trust) -> dict[str, str]:
    """Return the columns that a model reads; their type is empty where nothing says it.

    Raises:
        TrainingError: if it cannot be loaded, is not trusted, or does not say.
    """
    scorer = _scorer(folder, what, trust)
    columns = declared_columns(folder) or dict.fromkeys(_own_columns(scorer), "")
    if not columns:
        raise TrainingError(
            f"{what} does not say which columns it reads; log it with a signature (MLflow's "
            "infer_signature)"
        )
    return columns


def _own_columns(scorer: Any) -> tuple[str, ...]:
    """Return the names of columns that a scorer keeps by itself; none where they are made up."""
    names = getattr(scorer, "feature_names_in_", None)
    if names is None and callable(named := getattr(scorer, "feature_name", None)):
        names = named()
    own = tuple(map(str, names)) if names is not None else ()
    return () if own[:1] == ("Column_0",) else own


def _levels(scorer: Any, columns: tuple[str, ...], what: str) -> dict[str, list[Any]]:
    """Return the categories of columns that LightGBM was trained on as categories of pandas."""
    booster = getattr(scorer, "booster_", scorer)
    levels = getattr(booster, "pandas_categorical", None)
    if not levels:
        return {}
    header = booster.model_to_string(num_iteration=1).split("\n\n", 1)[0]
    (infos,) = (line[14:] for line in header.splitlines() if line.startswith("feature_infos="))
    named = [
        name
        for name, info in zip(columns, infos.split(" "), strict=True)
        if info != "none" and not info.startswith("[")
    ]
    if len(named) != len(levels):
        raise TrainingError(
            f"{what} was trained on {len(levels)} categorical columns, of which LightGBM tells "
            f"{len(named)}: leave out those that never vary"
        )
    return dict(zip(named, levels, strict=True))
