"""Classes that a configuration refers to by import path: which are allowed, and what they are.

Configurations are passed around, so they must not make driftloop run or unpickle arbitrary code: a
path is imported only if it is scikit-learn's own or on an allow-list in the same file, and nothing
of the standard library (``os.system``, ``builtins.eval``) is ever accepted as a type of a model.
"""

import sys
from difflib import get_close_matches
from importlib import import_module
from inspect import isabstract
from itertools import takewhile
from types import ModuleType
from typing import Any, Literal

from driftloop.base.errors import join_names, valid_choices

PredictionType = Literal["classes", "quantity"]
_UNPICKLERS = frozenset({"joblib", "dill", "cloudpickle", "numba", "cffi", "setuptools", "pip"})


def check_estimator_path(path: str, allowed: tuple[str, ...]) -> None:
    """Refuse a path that is neither a public one of scikit-learn nor on the allow-list.

    Raises:
        ValueError: with the path, what is allowed, and where to allow more.
    """
    parts = path.split(".")
    public = parts[0] == "sklearn" and not any(part.startswith("_") for part in parts)
    if path in allowed or (public and len(parts) > 2):
        return
    raise ValueError(
        f"received {path!r}; valid: public estimators of scikit-learn, and those of "
        f"training.allow.estimators ({join_names(allowed)}): add it there if you trust it"
    )


def check_type_path(path: str) -> None:
    """Refuse what must not be part of a stored model, such as a class of the standard library.

    Raises:
        ValueError: with the path and the reason.
    """
    root = path.split(".")[0]
    if root in sys.stdlib_module_names or root in _UNPICKLERS:
        raise ValueError(
            f"received {path!r}; a type of {root!r} can run any code when a model is loaded and is "
            "never allowed; valid: classes of installed packages, such as lightgbm.LGBMClassifier"
        )
    cls = import_class(path)
    home = cls.__module__.split(".")[0]
    if home in sys.stdlib_module_names or home in _UNPICKLERS:
        raise ValueError(f"received {path!r}, which is really {cls.__qualname__} of {home}")


def check_listed(path: str, allowed: tuple[str, ...], where: str) -> str | None:
    """Return why an import path is not trusted, or None: it has to be listed in the same file."""
    if path in allowed:
        return None
    return f"received {path!r}; {where} lists {join_names(allowed)}: add it there if you trust it"


def import_object(path: str) -> Any:
    """Return what is at an import path.

    Raises:
        ValueError: if its module cannot be imported or has nothing of that name.
    """
    home = _module_of(path)
    name = path.rpartition(".")[2]
    if not hasattr(home, name):
        public = sorted(key for key in vars(home) if not key.startswith("_"))
        near = get_close_matches(name, public, n=3) or public[:3]
        raise ValueError(f"{home.__name__} has no such name; {valid_choices(name, near)}")
    return getattr(home, name)


def import_class(path: str) -> type[Any]:
    """Return the class at an import path.

    Raises:
        ValueError: if its module cannot be imported or has no such class.
    """
    home = _module_of(path)
    name = path.rpartition(".")[2]
    cls = getattr(home, name, None)
    if not isinstance(cls, type):
        public = sorted(key for key, value in vars(home).items() if isinstance(value, type))
        near = get_close_matches(name, public, n=3) or public[:3]
        raise ValueError(f"{home.__name__} has no such class; {valid_choices(name, near)}")
    return cls


def _module_of(path: str) -> ModuleType:
    try:
        return import_module(path.rpartition(".")[0])
    except Exception as error:
        raise ValueError(
            f"{path!r} cannot be imported ({type(error).__name__}); install its package, or "
            "correct the path"
        ) from None


def is_public_estimator(path: str) -> bool:
    """Say whether a path is where scikit-learn defines one of its public estimators.

    Nothing but modules of scikit-learn is imported for it.
    """
    *modules, name = path.split(".")
    if modules[:1] != ["sklearn"] or "tests" in modules or name.startswith("_"):
        return False
    from sklearn.base import BaseEstimator

    public = takewhile(lambda module: not module.startswith("_"), modules)
    try:
        cls, exported = import_class(path), import_class(".".join((*public, name)))
    except (ValueError, ImportError):  # the latter of what is experimental
        return False
    concrete = cls is not BaseEstimator and not isabstract(cls)
    return cls is exported and issubclass(cls, BaseEstimator) and concrete


def prediction_type(path: str) -> PredictionType:
    """Return whether the estimator at an import path predicts classes or a quantity.

    Raises:
        ValueError: if it is not an estimator with fit and predict.
    """
    estimator = import_class(path)
    missing = [name for name in ("fit", "predict") if not callable(getattr(estimator, name, None))]
    if missing:
        raise ValueError(f"{path!r} is not an estimator: it has no {' and no '.join(missing)}")
    from sklearn.base import RegressorMixin

    default = "regressor" if issubclass(estimator, RegressorMixin) else "classifier"
    if (getattr(estimator, "_estimator_type", None) or default) == "regressor":
        return "quantity"
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"{path!r} has no predict_proba: a classifier has to give probabilities, and a "
            "regressor has to be a sklearn.base.RegressorMixin"
        )
    return "classes"


def default_parameters(path: str) -> dict[str, Any]:
    """Return the parameters of the estimator at an import path and their defaults.

    Raises:
        ValueError: if it cannot be created without arguments.
    """
    try:
        params: dict[str, Any] = import_class(path)().get_params(deep=False)
    except (TypeError, AttributeError):
        raise ValueError(
            f"{path!r} cannot be created from a configuration: it has to be a scikit-learn "
            "estimator whose arguments all have defaults"
        ) from None
    return params
