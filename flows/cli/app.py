"""The command line: a thin front over the flows.

A command's module is imported when the command is run, and Prefect, MLflow and the rest inside the
commands, so that help and errors are quick and the environment is set first.
"""

import ast
import atexit
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module  # noqa: TID251 - commands are imported one at a time
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info
from typer.models import CommandInfo

COMMANDS = {
    **dict.fromkeys(("init", "adopt"), "data"),
    **dict.fromkeys(
        ("monitor", "fleet", "retrain", "challenge", "bootstrap", "status"), "monitoring"
    ),
    "demo": "demo",
    **dict.fromkeys(("rollback", "approve", "ledger"), "promotion"),
    **dict.fromkeys(("ack", "mute", "test-alert", "deliver", "digest"), "alerts"),
    **dict.fromkeys(("backtest", "tune"), "backtest"),
    "deploy": "stack",
    **dict.fromkeys(("metrics", "report", "history", "dashboard", "prune"), "reports"),
    "snapshot": "data",
    **dict.fromkeys(("up", "down", "stack", "backup", "restore", "rehome"), "stack"),
}
"""The module of each command, in the order of the help."""

PANELS = {
    **dict.fromkeys(("init", "adopt", "demo", "backtest", "tune"), "Begin"),
    **dict.fromkeys(
        ("monitor", "fleet", "retrain", "challenge", "bootstrap", "snapshot"), "Run the loop"
    ),
    **dict.fromkeys(("status", "report", "history", "dashboard", "metrics"), "See"),
    **dict.fromkeys(("approve", "rollback", "ledger"), "Versions"),
    **dict.fromkeys(("ack", "mute", "test-alert", "deliver", "digest"), "Alerts"),
}
"""The panel of the help that a command stands in; all others are about the stack."""
_HELP = {"help_option_names": ["-h", "--help"]}


class Commands(TyperGroup):
    """All commands; help lists them without importing their modules."""

    _listing = False

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        names: Any = dict.fromkeys(COMMANDS)
        self.commands = names  # for suggestions of what was meant

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: D102 - Typer's
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: D102 - Typer's
        if cmd_name not in COMMANDS:
            return None
        if self._listing:
            panel = PANELS.get(cmd_name, "The stack")
            return TyperCommand(cmd_name, help=help_of(cmd_name), rich_help_panel=panel)
        info = CommandInfo(cmd_name, callback=load_command(cmd_name), context_settings=_HELP)
        return get_command_from_info(
            info, pretty_exceptions_short=True, rich_markup_mode=self.rich_markup_mode
        )

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: D102 - Typer's
        with self._without_imports():
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:  # noqa: D102 - Typer's
        with self._without_imports():
            return super().shell_complete(ctx, incomplete)

    @contextmanager
    def _without_imports(self) -> Iterator[None]:
        self._listing = True
        try:
            yield
        finally:
            self._listing = False


def load_command(name: str) -> Callable[..., Any]:
    """Import a command and return its function."""
    module = import_module(f"flows.cli.{COMMANDS[name]}")
    function: Callable[..., Any] = getattr(module, _function(name))
    return function


def help_of(name: str) -> str:
    """Return a command's docstring, read from the source of its module."""
    spec = find_spec(f"flows.cli.{COMMANDS[name]}")
    source = Path(str(spec and spec.origin)).read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == _function(name):
            return ast.get_docstring(node) or ""
    return ""


def _function(name: str) -> str:
    return name.replace("-", "_")


app = typer.Typer(
    name="driftloop",
    cls=Commands,
    help="Watches models for drift, retrains on evidence, promotes only what is proven better.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_HELP,
)


def _version(asked: bool) -> None:
    if asked:
        from driftloop import __version__

        typer.echo(f"driftloop {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None: ...


def main() -> None:
    """Run the command line."""
    gc.set_threshold(100_000, 20)  # imports make millions of objects, all of which stay
    # At its end Python searches all of them for garbage: for nothing, as the process is gone then.
    atexit.register(gc.freeze)
    app()
