"""Importing skops, which does more than a command needs."""

from typing import Any


def import_early() -> None:
    """Import what skops will look for, before other modules.

    It searches all modules that are loaded, in their order, for the home of each of 400 functions
    of numpy and scipy.
    """
    import scipy.special  # noqa: F401


def skops_io() -> Any:
    """Return `skops.io`, imported without its list of all that scikit-learn has.

    skops trusts these estimators by itself, and imports the whole of scikit-learn to list them:
    `check_types` looks at those alone that a model is made of.
    """
    from sklearn import utils

    complete, utils.all_estimators = utils.all_estimators, list
    try:
        import skops.io
    finally:
        utils.all_estimators = complete
    return skops.io


def complete_skops() -> None:
    """Let skops trust all of scikit-learn again, for code of others that loads models itself."""
    from sklearn.utils import all_estimators

    trusted = skops_io()._trusted_types
    known: list[str] = trusted.SKLEARN_ESTIMATOR_TYPE_NAMES
    if not known:
        names = (trusted.get_type_name(estimator) for _, estimator in all_estimators())
        known.extend(name for name in names if name.startswith("sklearn."))
