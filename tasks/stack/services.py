"""The local stack: its settings, its folder, and the services that it runs."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

from pydantic import Field, ValidationError

import driftloop
from driftloop.base.errors import StackError
from driftloop.base.settings import Settings
from driftloop.base.workspace import STACK_SHELL
from tasks.stack.database_url import Database, parse_database
from tasks.stack.login.access import CLIENT, PASSWORD, client_access, prefect_access

MARK = "DRIFTLOOP_STACK"
"""Every process of a stack has the stack's folder in this variable, which is how it is found."""
SERVICE = "DRIFTLOOP_STACK_SERVICE"
"""The name of the service that a process belongs to."""
POOL = "driftloop"
WORKER = {"PREFECT_WORKER_QUERY_SECONDS": "5"}
"""The worker takes runs 10 s before they are due: it has to ask more often, as its pauses vary."""
PORTS = {name: f"DRIFTLOOP_{name.upper()}_PORT" for name in ("prefect", "mlflow", "site")}
HOST = "DRIFTLOOP_HOST"
PREFECT_DATABASE = "DRIFTLOOP_PREFECT_DATABASE_URL"
MLFLOW_DATABASE = "DRIFTLOOP_MLFLOW_DATABASE_URL"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - compared with, not bound


class StackSettings(Settings):
    """What the environment says about the stack; everything has a default."""

    host: str = Field("127.0.0.1", min_length=1)
    prefect_port: int = Field(4200, ge=1, le=65535)
    mlflow_port: int = Field(5000, ge=1, le=65535)
    site_port: int = Field(4280, ge=1, le=65535)
    grace_seconds: int = Field(60, ge=1, le=3600)
    prefect_database_url: str | None = None
    mlflow_database_url: str | None = None
    mlflow_artifacts: str | None = None

    def port(self, service: str) -> int:
        """Return the port of a service."""
        return int(getattr(self, f"{service}_port"))


def stack_settings(environment: Mapping[str, str]) -> StackSettings:
    """Return the settings in ``DRIFTLOOP_…`` variables.

    Raises:
        StackError: if a value cannot be used, or two services share a port; names the variable.
    """
    values = {
        name: value
        for name in StackSettings.model_fields
        if (value := environment.get(f"DRIFTLOOP_{name.upper()}", "").strip())
    }
    try:
        settings = StackSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0])
        raise StackError(
            f"DRIFTLOOP_{name.upper()}: received {values[name]!r}; {first['msg'].lower()}"
        ) from None
    for first_name, second in combinations(sorted(PORTS), 2):
        if settings.port(first_name) == (port := settings.port(second)):
            raise StackError(
                f"{PORTS[first_name]} and {PORTS[second]} are both {port}; give each a port of "
                "its own"
            )
    for variable, url in (
        (PREFECT_DATABASE, settings.prefect_database_url),
        (MLFLOW_DATABASE, settings.mlflow_database_url),
    ):
        if url is not None:
            parse_database(url, variable)
    return settings


class StackFolder:
    """Where a stack keeps its files: below ``stack`` in the workspace's state."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.root = state / "stack"
        self.logs = self.root / "logs"
        self.configuration = self.root / "supervisord.conf"
        self.pid_file = self.root / "supervisord.pid"
        self.prefect_home = self.root / "prefect"
        self.site = state / "site"
        # For the owner only: environments of the services, the password, what a shell sources.
        self.services = self.root / "services.json"
        self.password = self.root / "password"
        self.shell = state / STACK_SHELL
        # What the running stack was started with, without secrets.
        self.running = self.root / "running.json"
        # There while `down` holds the work pool, so that `up` lets it go again.
        self.held = self.root / "pool-is-held"

    def log(self, service: str) -> Path:
        """Return the log of a service."""
        return self.logs / f"{service}.log"


@dataclass(frozen=True, slots=True)
class Plan:
    """A stack with everything decided: what runs where, on which databases."""

    settings: StackSettings
    folder: StackFolder
    workspace: Path
    checkout: Path
    password: str = field(default="", repr=False)

    @property
    def prefect_database(self) -> Database:
        """Prefect's database."""
        file = self.folder.prefect_home / "prefect.db"
        return _database(self.settings.prefect_database_url, file, PREFECT_DATABASE)

    @property
    def mlflow_database(self) -> Database:
        """MLflow's database; without a setting the one that is used without a server."""
        file = self.folder.state / "mlflow.db"
        return _database(self.settings.mlflow_database_url, file, MLFLOW_DATABASE)

    @property
    def databases(self) -> dict[str, Database]:
        """Both databases, by the name of their library."""
        return {"prefect": self.prefect_database, "mlflow": self.mlflow_database}

    @property
    def serves_artifacts(self) -> bool:
        """Whether artifacts go through MLflow's server, for workers on other machines.

        With the local database they stay files, so that they can be read without a server too.
        """
        return self.mlflow_database.is_postgres or bool(self.settings.mlflow_artifacts)

    @property
    def artifacts(self) -> str:
        """Where MLflow keeps artifacts."""
        local = self.folder.root if self.serves_artifacts else self.folder.state
        return self.settings.mlflow_artifacts or str(local / "artifacts")

    def address(self, service: str) -> str:
        """Return where a client on this machine finds a service."""
        host = self.settings.host
        host = "127.0.0.1" if host == _EVERYWHERE else host
        return f"http://{host}:{self.settings.port(service)}"

    @property
    def prefect_api(self) -> str:
        """What ``PREFECT_API_URL`` is set to."""
        return f"{self.address('prefect')}/api"

    @property
    def worker(self) -> str:
        """The name of the worker on the Prefect server."""
        return f"{POOL}-{self.settings.prefect_port}"

    @property
    def clients(self) -> dict[str, str]:
        """What a client of the stack has in its environment; it holds the password."""
        return {
            "PREFECT_API_URL": self.prefect_api,
            "MLFLOW_TRACKING_URI": self.address("mlflow"),
            **client_access(self.password),
        }

    @property
    def fingerprint(self) -> dict[str, str]:
        """What a running stack cannot change; passwords only count through a digest."""
        urls = " ".join(database.address for database in self.databases.values())
        return {
            HOST: self.settings.host,
            **{variable: str(self.settings.port(name)) for name, variable in PORTS.items()},
            **{database.variable: database.masked for database in self.databases.values()},
            "DRIFTLOOP_MLFLOW_ARTIFACTS": self.artifacts,
            "databases": hashlib.sha256(urls.encode()).hexdigest()[:16],
            "password": hashlib.sha256(self.password.encode()).hexdigest()[:16],
            "workspace": str(self.workspace),
            "checkout": str(self.checkout),
            "driftloop": driftloop.__version__,
        }


def _database(address: str | None, default: Path, variable: str) -> Database:
    from sqlalchemy import URL

    return Database(address or str(URL.create("sqlite", database=str(default))), variable)


@dataclass(frozen=True, slots=True)
class Service:
    """One service under the process manager; `without` are variables that it must not have."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    without: tuple[str, ...] = ()
    at_once: bool = True
    health: str | None = None
    settles_seconds: int = 5
    leaves_runs: bool = False


_SECRET_URLS = (
    *(PREFECT_DATABASE, MLFLOW_DATABASE),
    *("PREFECT_API_DATABASE_CONNECTION_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL"),
    *("PREFECT_API_DATABASE_PASSWORD", "PREFECT_SERVER_DATABASE_PASSWORD", "PGPASSWORD"),
    *("PREFECT_SERVER_API_AUTH_STRING", PASSWORD),
    *("MLFLOW_BACKEND_STORE_URI", "MLFLOW_REGISTRY_STORE_URI"),
)


def services(plan: Plan, python: str, secrets: Iterable[str] = ()) -> tuple[Service, ...]:
    """Return the services of a stack, in the order in which they start.

    `secrets` are variables that hold secrets; these are in Prefect's blocks, where a change of them
    reaches the next run, and so not in the environment of any service.
    """
    without = (*_SECRET_URLS, *secrets)
    servers = (_prefect(plan), _mlflow(plan), _site(plan))
    clients = _clients(plan)
    return tuple(
        replace(
            service,
            command=(python, "-m", *service.command),
            without=without if service in clients else (*without, *CLIENT),
        )
        for service in (*servers, *clients)
    )


def _prefect(plan: Plan) -> Service:
    place = ("--host", plan.settings.host, "--port", str(plan.settings.prefect_port))
    return Service(
        "prefect",
        ("prefect", "server", "start", *place),
        {
            "PREFECT_HOME": str(plan.folder.prefect_home),
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": plan.prefect_database.for_prefect,
            "PREFECT_SERVER_UI_API_URL": plan.prefect_api,
            **prefect_access(plan.password, plan.address("prefect")),
            # Kept on disk, so that a restarted server frees the slots of runs that were killed.
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
                "prefect.server.concurrency.lease_storage.filesystem"
            ),
        },
        health=f"{plan.prefect_api}/health",
    )


def _mlflow(plan: Plan) -> Service:
    workers = "2" if plan.mlflow_database.is_postgres else "1"  # SQLite has one writer
    command = ["mlflow", "server", "--host", plan.settings.host]
    command += ["--port", str(plan.settings.mlflow_port), "--workers", workers]
    command += ["--app-name", "driftloop"]  # MLflow's own, behind the password
    command += ["--serve-artifacts", "--artifacts-destination", plan.artifacts]
    if not plan.serves_artifacts:
        command += ["--default-artifact-root", Path(plan.artifacts).as_uri()]
    return Service(
        "mlflow",
        tuple(command),
        {
            "MLFLOW_BACKEND_STORE_URI": plan.mlflow_database.for_mlflow,  # not for `ps` to show
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            PASSWORD: plan.password,
        },
        health=f"{plan.address('mlflow')}/health",
    )


def _site(plan: Plan) -> Service:
    place = (plan.settings.host, str(plan.settings.site_port))
    return Service(
        "site",
        ("tasks.stack.site", str(plan.folder.site), *place),
        {PASSWORD: plan.password},
        health=f"{plan.address('site')}/health",
        settles_seconds=1,
    )


def _clients(plan: Plan) -> tuple[Service, ...]:
    """Return the worker, the listener for buttons and the keeper.

    They need the work pool or the deployments, and so do not start at once.
    """
    environment = {
        **plan.clients,
        "PREFECT_HOME": str(plan.folder.prefect_home),
        "DRIFTLOOP_HOME": str(plan.checkout),
        "DRIFTLOOP_WORKSPACE": str(plan.workspace),
    }
    pool = ("--pool", POOL, "--type", "process", "--name", plan.worker)
    worker = Service(
        "worker",
        ("tasks.fleet.worker", *pool),
        {**environment, **WORKER},
        at_once=False,
        leaves_runs=True,
    )
    command = ("tasks.stack.watchdog", str(plan.folder.state))
    others = {"answers": ("tasks.alerts.slack_listener",), "keeper": command}
    return worker, *(
        Service(name, module, environment, at_once=False, settles_seconds=1)
        for name, module in others.items()
    )
