"""MLflow's server behind the password of the stack.

MLflow's own ``--app-name basic-auth`` needs another package, a database of accounts and a secret
key. One user is enough here, so this wraps the whole application, whatever routes it has. It is the
app ``driftloop`` among the entry points ``mlflow.app``, which is how MLflow finds it.
"""

import os

from tasks.stack.login.access import PASSWORD
from tasks.stack.login.guard import Guarded


def create_app() -> Guarded:
    """Return MLflow's application, guarded; `KeyError` without a password in the environment."""
    from mlflow.server.fastapi_app import app

    origins = os.environ.get("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", "").split(",")
    others = frozenset(origin.strip() for origin in origins if origin.strip())
    return Guarded(app, os.environ[PASSWORD], others)
