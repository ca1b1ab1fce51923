"""What tests of services share."""

from collections.abc import Iterator

import pytest

from tests.services.postgres import Cluster, cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL cluster of the session."""
    with cluster() as found:
        yield found
