"""Classes that a configuration names by import path: which may be, and what they are.

A configuration is text that people pass around, so that it must not make driftloop run or unpickle
what nobody meant to: a path is imported only where it is scikit-learn's own or on an allow-list
that the same person wrote, and nothing of the standard library (``os.system``, ``builtins.eval``)
ever passes for a type of a model.
"""

import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Literal

from driftloop.base.errors import listed, valid_choices

Predicts = Literal["classes", "quantity"]
_UNPICKLERS = frozenset({"joblib", "dill", "cloudpickle", "numba", "cffi", "setuptools", "pip"})


def check_estimator_path(path: str, allowed: tuple[str, ...]) -> None:
    """Refuse a path that is neither a public one of scikit-learn nor on the allow-list.

    Raises:
        ValueError: naming the path, what is allowed and where to allow more.
    """
    parts = path.split(".")
    public = parts[0] == "sklearn" and not any(part.startswith("_") for part in parts)
    if path in allowed or (public and len(parts) > 2):
        return
    raise ValueError(
        f"received {path!r}; valid: public estimators of scikit-learn, and those of "
        f"training.allow.estimators ({listed(allowed)}): add it there if you trust it"
    )


def check_type_path(path: str) -> None:
    """Refuse what must not be part of a stored model: no class, or one of the standard library.

    Raises:
        ValueError: naming the path and why.
    """
    root = path.split(".")[0]
    if root in sys.stdlib_module_names or root in _UNPICKLERS:
        raise ValueError(
            f"received {path!r}; a type of {root!r} can run any code when a model is loaded and is "
            "never allowed; valid: classes of installed packages, such as lightgbm.LGBMClassifier"
        )
    found = find_class(path)
    home = found.__module__.split(".")[0]
    if home in sys.stdlib_module_names or home in _UNPICKLERS:
        raise ValueError(f"received {path!r}, which is {home}'s {found.__qualname__} in truth")


def find_class(path: str) -> type[Any]:
    """Return the class at an import path.

    Raises:
        ValueError: if its module cannot be imported or holds no such class.
    """
    module, _, name = path.rpartition(".")
    try:
        home = import_module(module)
    except Exception as error:
        raise ValueError(
            f"{path!r} cannot be imported ({type(error).__name__}); install its package, or mend "
            "the path"
        ) from None
    found = getattr(home, name, None)
    if not isinstance(found, type):
        public = sorted(one for one, held in vars(home).items() if isinstance(held, type))
        near = get_close_matches(name, public, n=3) or public[:3]
        raise ValueError(f"{module} has no such class; {valid_choices(name, near)}")
    return found


def what_it_predicts(path: str) -> Predicts:
    """Return whether the estimator at an import path predicts classes or a quantity.

    Raises:
        ValueError: if it is no estimator that can be fitted and asked.
    """
    found = find_class(path)
    missing = [name for name in ("fit", "predict") if not callable(getattr(found, name, None))]
    if missing:
        raise ValueError(f"{path!r} is no estimator: it has no {' and no '.join(missing)}")
    kind = getattr(found, "_estimator_type", None) or _mixin(found)
    if kind == "regressor":
        return "quantity"
    if not hasattr(found, "predict_proba"):
        raise ValueError(
            f"{path!r} has no predict_proba: a classifier has to give probabilities, and a "
            "regressor has to be a sklearn.base.RegressorMixin"
        )
    return "classes"


def parameters_of(path: str) -> dict[str, Any]:
    """Return the parameters of the estimator at an import path and their defaults.

    Raises:
        ValueError: if it cannot be made without arguments.
    """
    try:
        params: dict[str, Any] = find_class(path)().get_params(deep=False)
    except (TypeError, AttributeError):
        raise ValueError(
            f"{path!r} cannot be made from a configuration: it has to be a scikit-learn estimator "
            "whose arguments all have defaults"
        ) from None
    return params


def _mixin(found: type[Any]) -> str:
    from sklearn.base import RegressorMixin

    return "regressor" if issubclass(found, RegressorMixin) else "classifier"
