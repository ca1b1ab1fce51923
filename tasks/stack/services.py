"""The local stack: its settings, its folder, and the services that it runs."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field, ValidationError

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


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"DRIFTLOOP_{name.upper()}"


def stack_settings(environment: Mapping[str, str]) -> StackSettings:
    """Return the settings in ``DRIFTLOOP_…`` variables.

    Raises:
        StackError: if a value cannot be used, or two services share a port; names the variable.
    """
    given = {
        name: value
        for name in StackSettings.model_fields
        if (value := environment.get(variable_of(name), "").strip())
    }
    try:
        settings = StackSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0])
        raise StackError(
            f"{variable_of(name)}: received {given[name]!r}; {first['msg'].lower()}"
        ) from None
    ports = {name: getattr(settings, f"{name}_port") for name in PORTS}
    for one, port in ports.items():
        for other in ports:
            if one < other and ports[other] == port:
                raise StackError(
                    f"{PORTS[one]} and {PORTS[other]} are both {port}; give each a port of its own"
                )
    for variable, url in (
        (PREFECT_DATABASE, settings.prefect_database_url),
        (MLFLOW_DATABASE, settings.mlflow_database_url),
    ):
        if url is not None:
            parse_database(url, variable)
    return settings


@dataclass(frozen=True, slots=True)
class StackFolder:
    """Where a stack keeps its files: below ``stack`` in the workspace's state."""

    state: Path

    @property
    def root(self) -> Path:
        """The folder of the stack itself."""
        return self.state / "stack"

    @property
    def logs(self) -> Path:
        """One log a service."""
        return self.root / "logs"

    @property
    def configuration(self) -> Path:
        """What supervisord reads."""
        return self.root / "supervisord.conf"

    @property
    def services(self) -> Path:
        """Commands and environments of the services; readable by the owner only."""
        return self.root / "services.json"

    @property
    def running(self) -> Path:
        """What the running stack was started with; without secrets."""
        return self.root / "running.json"

    @property
    def shell(self) -> Path:
        """What a shell sources to speak to the stack."""
        return self.state / STACK_SHELL

    @property
    def password(self) -> Path:
        """The password that every server of the stack asks for; readable by the owner only."""
        return self.root / "password"

    @property
    def pid_file(self) -> Path:
        """Process id of supervisord."""
        return self.root / "supervisord.pid"

    @property
    def prefect_home(self) -> Path:
        """Prefect's home, with its database unless it is on PostgreSQL."""
        return self.root / "prefect"

    @property
    def site(self) -> Path:
        """The page that the web server shows."""
        return self.state / "site"

    @property
    def held(self) -> Path:
        """There while `down` holds the work pool, so that `up` lets it go again."""
        return self.root / "pool-is-held"

    def log(self, service: str) -> Path:
        """Return the log of one service."""
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
        default = f"sqlite:///{self.folder.prefect_home / 'prefect.db'}"
        return Database(self.settings.prefect_database_url or default)

    @property
    def mlflow_database(self) -> Database:
        """MLflow's database; without a setting the one that is used without a server."""
        default = f"sqlite:///{self.folder.state / 'mlflow.db'}"
        return Database(self.settings.mlflow_database_url or default)

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
        return f"http://{host}:{self._port(service)}"

    def _port(self, service: str) -> int:
        return int(getattr(self.settings, f"{service}_port"))

    @property
    def prefect_api(self) -> str:
        """What ``PREFECT_API_URL`` is set to."""
        return f"{self.address('prefect')}/api"

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
        urls = f"{self.prefect_database.given} {self.mlflow_database.given}"
        return {
            HOST: self.settings.host,
            **{variable: str(self._port(name)) for name, variable in PORTS.items()},
            PREFECT_DATABASE: self.prefect_database.masked,
            MLFLOW_DATABASE: self.mlflow_database.masked,
            "DRIFTLOOP_MLFLOW_ARTIFACTS": self.artifacts,
            "databases": hashlib.sha256(urls.encode()).hexdigest()[:16],
            "password": hashlib.sha256(self.password.encode()).hexdigest()[:16],
            "workspace": str(self.workspace),
            "checkout": str(self.checkout),
        }


@dataclass(frozen=True, slots=True)
class Service:
    """One service under the process manager."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    without: tuple[str, ...] = ()
    at_once: bool = True
    grace_seconds: int = 15
    health: str | None = None
    settles_seconds: int = field(default=5)
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

    Args:
        plan: what was decided.
        python: the interpreter of the environment.
        secrets: variables that hold secrets; they are in Prefect's blocks, where a change of them
            reaches the next run, and so not in the environment of any service.
    """
    return (
        _prefect(plan, python, tuple(secrets)),
        _mlflow(plan, python, tuple(secrets)),
        _site(plan, python, tuple(secrets)),
        _worker(plan, python, tuple(secrets)),
        _keeper(plan, python, tuple(secrets)),
    )


def _prefect(plan: Plan, python: str, secrets: tuple[str, ...]) -> Service:
    port = str(plan.settings.prefect_port)
    return Service(
        "prefect",
        (python, "-m", "prefect", "server", "start", "--host", plan.settings.host, "--port", port),
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
        without=(*_SECRET_URLS, *CLIENT, *secrets),
        health=f"{plan.prefect_api}/health",
    )


def _mlflow(plan: Plan, python: str, secrets: tuple[str, ...]) -> Service:
    workers = "2" if plan.mlflow_database.is_postgres else "1"  # SQLite has one writer
    command = [python, "-m", "mlflow", "server", "--host", plan.settings.host]
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
        without=(*_SECRET_URLS, *CLIENT, *secrets),
        health=f"{plan.address('mlflow')}/health",
    )


def _site(plan: Plan, python: str, secrets: tuple[str, ...]) -> Service:
    command = (python, "-m", "tasks.stack.prefect.site", str(plan.folder.site), plan.settings.host)
    return Service(
        "site",
        (*command, str(plan.settings.site_port)),
        {PASSWORD: plan.password},
        without=(*_SECRET_URLS, *CLIENT, *secrets),
        health=f"{plan.address('site')}/health",
        settles_seconds=1,
    )


def _for_runs(plan: Plan) -> dict[str, str]:
    return {
        **plan.clients,
        "PREFECT_HOME": str(plan.folder.prefect_home),
        "DRIFTLOOP_HOME": str(plan.checkout),
        "DRIFTLOOP_WORKSPACE": str(plan.workspace),
    }


def _worker(plan: Plan, python: str, secrets: tuple[str, ...]) -> Service:
    command = (python, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process")
    return Service(
        "worker",
        (*command, "--name", f"{POOL}-{plan.settings.prefect_port}"),
        {**_for_runs(plan), "PREFECT_WORKER_QUERY_SECONDS": "5"},
        without=(*_SECRET_URLS, *secrets),
        at_once=False,  # its pool has to be there
        leaves_runs=True,
    )


def _keeper(plan: Plan, python: str, secrets: tuple[str, ...]) -> Service:
    return Service(
        "keeper",
        (python, "-m", "tasks.stack.watchdog", str(plan.folder.state)),
        _for_runs(plan),
        without=(*_SECRET_URLS, *secrets),
        at_once=False,
        settles_seconds=1,
    )
