"""The last import of a fleet's processes: loops and pages that each would compile for itself.

Loops are called with the arrays that they are given later; a profile on disk has read-only ones.
"""

import numpy as np

from driftloop.profiling.binning import COMPILED_MIN_ROWS, histogram
from driftloop.profiling.sorting import sorted_numbers
from driftloop.reporting.html.rendering import environment

_values = sorted_numbers(np.linspace(-1.0, 1.0, COMPILED_MIN_ROWS))
for _writeable in (True, False):
    _edges = _values[::1000].copy()
    _edges.flags.writeable = _writeable
    histogram(_values, _edges)
for _name in environment().list_templates(extensions=["j2"]):
    environment().get_template(_name)
