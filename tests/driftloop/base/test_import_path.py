import sys
import types
import warnings
from importlib import import_module
from inspect import isclass
from pkgutil import walk_packages
from typing import Any

import pytest
import sklearn
from sklearn.utils import all_estimators

from driftloop.base.import_path import (
    check_estimator_path,
    check_type_path,
    default_parameters,
    import_class,
    is_public_estimator,
    prediction_type,
)


@pytest.mark.parametrize(
    "path",
    [
        "os.system",
        "sklearn",
        "sklearn.Pipeline",
        "sklearn._config.Thing",
        "sklearn.ensemble._forest.ForestRegressor",
        "sklearnx.ensemble.Model",
        "mypkg.Other",
    ],
)
def test_paths_off_the_allow_list_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"training.allow.estimators \(mypkg.Model\)"):
        check_estimator_path(path, ("mypkg.Model",))


@pytest.mark.parametrize("path", ["sklearn.ensemble.ExtraTreesClassifier", "mypkg.Model"])
def test_paths_on_it_are_taken(path: str) -> None:
    check_estimator_path(path, ("mypkg.Model",))


@pytest.mark.parametrize(
    "path",
    [
        "builtins.eval",
        "builtins.getattr",
        "os.system",
        "posix.system",
        "subprocess.Popen",
        "pickle.Unpickler",
        "operator.methodcaller",
        "functools.partial",
        "joblib.Parallel",
        "sklearn.utils.resample",
        "sklearn.nothing.There",
        "nosuchpackage.Model",
        "driftloop.base.workspace.Path",
    ],
)
def test_types_that_are_no_part_of_a_model_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=path.split(".")[0]):
        check_type_path(path)


def test_a_class_of_an_installed_package_is_taken() -> None:
    check_type_path("sklearn.tree.ExtraTreeRegressor")


@pytest.mark.parametrize(
    ("path", "predicts"),
    [
        ("sklearn.ensemble.ExtraTreesClassifier", "classes"),
        ("sklearn.ensemble.ExtraTreesRegressor", "quantity"),
        ("sklearn.svm.SVR", "quantity"),
    ],
)
def test_what_it_predicts(path: str, predicts: str) -> None:
    assert prediction_type(path) == predicts


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = types.ModuleType("mypkg")
    monkeypatch.setitem(sys.modules, "mypkg", module)
    return module


def test_a_class_without_fit_and_predict_says_what_is_missing(package: Any) -> None:
    package.Model = type("Model", (), {})
    with pytest.raises(ValueError, match="is not an estimator: it has no fit and no pre"):
        prediction_type("mypkg.Model")


def test_a_class_that_is_no_scikit_learn_estimator_cannot_be_configured(package: Any) -> None:
    package.Model = type("Model", (), {"fit": print, "predict": print})
    with pytest.raises(ValueError, match="cannot be created from a configuration"):
        default_parameters("mypkg.Model")


def test_a_function_is_no_class(package: Any) -> None:
    package.train = print
    with pytest.raises(ValueError, match="mypkg has no such class"):
        import_class("mypkg.train")


SKIPPED = {"tests", "externals", "experimental", "_build_utils"}


def classes_of_sklearn() -> set[str]:
    """Where scikit-learn defines each of its classes, private and abstract ones too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        modules = [
            import_module(module.name)
            for module in walk_packages(sklearn.__path__, "sklearn.", lambda _: None)
            if not SKIPPED & {*module.name.split(".")}
        ]
    classes = [cls for module in modules for cls in vars(module).values() if isclass(cls)]
    return {f"{cls.__module__}.{cls.__name__}" for cls in classes}


def test_estimators_are_those_that_scikit_learn_lists() -> None:
    paths = classes_of_sklearn()
    listed = {f"{cls.__module__}.{cls.__name__}" for _, cls in all_estimators()}
    assert len(listed) > 150
    assert listed < paths
    assert {path for path in paths | {"os.system"} if is_public_estimator(path)} == listed
