"""Searches of an estimator's settings; each is a module with its settings and ``search``.

A search knows nothing of models. It gets a `SearchProblem`: folds in time order, and a function
that trains one proposal on the past rows of a fold and scores it on what follows. The configured
settings, written as no changes, are always the first proposal. A new module is found by itself.
"""

from typing import TYPE_CHECKING

from driftloop.base.settings import any_of
from driftloop.training.search.base import Search

if TYPE_CHECKING:
    AnySearch = Search
else:
    AnySearch = any_of(Search, __name__)
