"""The first import of a fleet's processes: skops, before the modules that it would search.

As a single run does, so that both trust the same types.
"""

from tasks.registry.skops_import import import_early, skops_io

import_early()
skops_io()
