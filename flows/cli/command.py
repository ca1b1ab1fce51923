"""One decorator for every command: workspace, ``--json``, errors and exit codes."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from functools import partial, update_wrapper
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import RenderableType

from driftloop.base.errors import IncompleteError
from flows.cli.display.show import show_result
from flows.cli.session import reporting, start
from tasks.registry.skops_import import import_early

WorkspaceFolder = Annotated[
    Path | None, typer.Option("--workspace", "-w", help="Folder with configs/; default: this one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show logs and tracebacks.")]
_SHARED: dict[str, tuple[Any, Any]] = {
    "workspace": (WorkspaceFolder, None),
    "json": (Json, False),
    "verbose": (Verbose, False),
}
Record = TypeVar("Record")


def command(
    view: Callable[..., Iterable[RenderableType] | str],
    *,
    services: bool = False,
    models: bool = False,
    result_of: Callable[..., Any] | None = None,
    exit_code: Callable[..., int] | None = None,
) -> Callable[[Callable[..., Record]], Callable[..., None]]:
    """Return a decorator that makes a command of a function with options of its own.

    The function returns the record that `view` draws for people. A parameter `place` is the
    workspace, and the fields of a parameter that is a dataclass are options, too. The shared
    options are passed on to a function that declares them. What is wrong is one line on standard
    error, and the exit code 2.

    Args:
        view: draws the record; its further parameters are options of the function.
        services: check first that the configured services answer.
        models: it loads or stores models.
        result_of: turns what the function returns, with its options, into the printed record.
        exit_code: of a printed record and the options; 0 without it.
    """

    def decorate(function: Callable[..., Record]) -> Callable[..., None]:
        own = inspect.signature(function).parameters
        shown = [name for name in list(inspect.signature(view).parameters)[1:] if name in own]

        def run(**options: Any) -> None:
            arguments = _arguments(own, options)

            def show(record: Any) -> Any:
                record = result_of(record, **arguments) if result_of else record
                drawn = partial(view, **{name: options[name] for name in shown})
                show_result(record, drawn, options["json"])
                return record

            with reporting(options["verbose"]):
                if "place" in own:
                    arguments["place"] = start(options["workspace"], options["verbose"], services)
                if models:
                    import_early()
                from tasks.runtime.job import same_configuration

                try:
                    with same_configuration():
                        record = function(**arguments)
                except IncompleteError as error:
                    show(error.record)
                    raise
                arguments.pop("place", None)
                record = show(record)
                if code := exit_code(record, **arguments) if exit_code else 0:
                    raise typer.Exit(code)

        _describe(run, function, own)
        return run

    return decorate


def _options_of(parameter: inspect.Parameter) -> Mapping[str, inspect.Parameter] | None:
    """Return the options that a dataclass stands for, or None for an option."""
    kind = parameter.annotation
    is_options = isinstance(kind, type) and is_dataclass(kind)
    return inspect.signature(kind).parameters if is_options else None


def _arguments(own: Mapping[str, inspect.Parameter], options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a function but its workspace, made of the options."""
    arguments = {}
    for name, parameter in own.items():
        if name != "place":
            names = _options_of(parameter)
            arguments[name] = (
                options[name]
                if names is None
                else parameter.annotation(**{each: options[each] for each in names})
            )
    return arguments


def _describe(
    run: Callable[..., None],
    function: Callable[..., Any],
    own: Mapping[str, inspect.Parameter],
) -> None:
    """Give `run` the name, the help and the options that Typer reads of a command."""
    parameters: dict[str, inspect.Parameter] = {}
    for name, parameter in own.items():
        if name != "place":
            parameters |= _options_of(parameter) or {name: parameter}
    for name, (kind, default) in _SHARED.items():
        shared = inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
        )
        parameters.setdefault(name, shared)
    options = [
        option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in parameters.values()
    ]
    update_wrapper(run, function, updated=())
    del run.__wrapped__  # type: ignore[attr-defined]
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    run.__annotations__ = {option.name: option.annotation for option in options}
