"""Options, output, errors and exit codes that every command has."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import typer
from typer.testing import CliRunner

from driftloop.base.errors import DataError, IncompleteError
from driftloop.base.workspace import Workspace
from driftloop.snapshots.options import ColumnRole
from flows.cli import session
from flows.cli.command import Json, command
from flows.cli.display.data import columns_view
from flows.cli.display.show import empty_table, sentence_view, show_result


@dataclass(frozen=True, slots=True)
class Result:
    """What the commands below print."""

    sentence: str
    score: float = float("nan")


def say(place: Workspace, word: str, fail: bool = False) -> Result:
    """Say a word."""
    if word == "bad":
        raise DataError("a bad word;\n say another")
    if word == "crash":
        raise RuntimeError("no idea")
    if word == "half":
        raise IncompleteError("the rest was lost", Result("half"))
    return Result(f"{word} in {place.root.name}")


def run(function: Any, *words: str, **settings: Any) -> tuple[int, str, str]:
    """The exit code of a command, and what it wrote to each stream."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(command(sentence_view, **settings)(function))
    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "__stdout__", output),
        redirect_stdout(output),
        redirect_stderr(errors),
        pytest.raises(SystemExit) as end,
    ):
        app(list(words))
    assert isinstance(end.value.code, int)
    return end.value.code, output.getvalue(), errors.getvalue()


@pytest.fixture(autouse=True)
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cards" / "configs").mkdir(parents=True)
    monkeypatch.setenv("DRIFTLOOP_WORKSPACE", str(tmp_path / "cards"))


def test_a_result_for_people_and_as_json() -> None:
    assert run(say, "hello") == (0, "hello in cards\n", "")
    code, out, err = run(say, "hello", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"sentence": "hello in cards", "score": None}


def test_another_workspace(tmp_path: Path) -> None:
    (tmp_path / "other" / "configs").mkdir(parents=True)
    assert run(say, "hi", "-w", str(tmp_path / "other"))[1] == "hi in other\n"
    code, out, err = run(say, "hi", "--workspace", str(tmp_path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "not a workspace" in err


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("bad", "error: a bad word; say another\n"),
        (
            "crash",
            "error: RuntimeError: no idea (run it with --verbose for the traceback)\n",
        ),
    ],
)
def test_an_error_is_one_line(word: str, line: str) -> None:
    assert run(say, word) == (2, "", line)


def test_a_traceback_on_request() -> None:
    code, out, err = run(say, "crash", "--verbose")
    assert (code, out) == (2, "")
    assert "Traceback" in err


def test_what_was_done_is_printed_before_the_error() -> None:
    assert run(say, "half") == (2, "half\n", "error: the rest was lost\n")


def test_the_exit_code_may_depend_on_the_result_and_the_options() -> None:
    def code(result: Result, fail: bool, **_: Any) -> int:
        return 3 if fail and result.sentence.startswith("no") else 0

    assert run(say, "no", "--fail", exit_code=code)[:2] == (3, "no in cards\n")
    assert run(say, "no", exit_code=code)[0] == 0
    assert run(say, "yes", "--fail", exit_code=code)[0] == 0


def test_the_printed_record_may_be_made_of_the_result() -> None:
    def louder(result: Result, word: str, **_: Any) -> Result:
        return Result(f"{word}: {result.sentence.upper()}")

    assert run(say, "yes", result_of=louder)[1] == "yes: YES IN CARDS\n"
    assert run(say, "half", result_of=louder)[:2] == (2, "half: HALF\n")


def test_a_command_without_a_workspace_has_its_shared_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def quiet(json: Json = False) -> Result:
        return Result("quiet" if json else "loud")

    monkeypatch.delenv("DRIFTLOOP_WORKSPACE")
    assert run(quiet)[1] == "loud\n"
    assert json.loads(run(quiet, "--json")[1])["sentence"] == "quiet"


def test_help_shows_the_docstring_and_every_option() -> None:
    app = typer.Typer()
    app.command()(command(sentence_view)(say))
    text = CliRunner().invoke(app, ["--help"]).output
    for part in ("Say a word.", "--fail", "--workspace", "-w", "--json", "--verbose", "-v"):
        assert part in text
    assert "place" not in text


ODD = "a [/] [red]b[/red] [bold] :warning: c"


def test_names_are_never_markup(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a line, in a table, in what was inferred of a file, and in what is under way."""
    monkeypatch.setenv("COLUMNS", "300")
    table = empty_table("column")
    table.add_row(ODD)
    show_result(None, lambda _: [ODD, table], json=False)
    column, note = ColumnRole(ODD, "categorical", ODD), f"classes: {ODD}"
    show_result(None, lambda _: [columns_view([column], [note])], json=False)
    printed = " ".join(capfd.readouterr().out.split())
    assert printed.count(ODD) == 5
    terminal = session.plain_console(force_terminal=True)
    with mock.patch.object(session, "notes", terminal), session.waiting(f"Reading {ODD}.csv"):
        pass
    assert f"Reading {ODD}.csv" in capfd.readouterr().out
