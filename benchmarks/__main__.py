"""The command line of the benchmarks: ``python -m benchmarks --help``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    fleet,
    fleet_report,
    fleet_state,
    kills,
    overhead,
    overhead_report,
    rates,
    rates_report,
    speed,
    speed_report,
    turns,
    years,
)
from benchmarks.environments import OWN, python_of
from benchmarks.errors import BenchmarkError
from benchmarks.estimate_sets import SETS
from benchmarks.paths import ROOT
from benchmarks.streams import SOURCES

ELEC2 = ROOT.parent / "shared" / "data" / "elec2.csv"


def names(valid: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a reader of a list of names with commas between, which says what is valid."""

    def read(text: str) -> list[str]:
        given = [part.strip() for part in text.split(",") if part.strip()]
        unknown = [name for name in given if name not in valid]
        if unknown or not given:
            wrong = f"unknown: {', '.join(unknown)}" if unknown else "no name given"
            raise argparse.ArgumentTypeError(f"{wrong}; choose from {', '.join(valid)}")
        return given

    return read


def numbers(text: str) -> list[int]:
    """Read a list of whole numbers with commas between."""
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a list of whole numbers, such as 1000,5000"
        )
    return found


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    quick = commands.add_parser("speed", help="seconds and peak memory from Parquet to verdict")
    quick.add_argument("--rows", type=numbers, default=list(speed.ROWS))
    quick.add_argument("--numeric", type=numbers, default=list(speed.NUMERIC))
    quick.add_argument(
        "--tools", type=names(list(speed.TOOLS)), default=list(speed.TOOLS_OF_ALL_SIZES)
    )
    quick.add_argument(
        "--large",
        type=names(list(speed.LARGE)),
        help=f"instead of these rows and columns, sizes of up to 50 GB: {', '.join(speed.LARGE)}",
    )
    quick.add_argument("--repeats", type=int, default=3)
    quick.add_argument("--limit", type=float, default=900.0, help="seconds a tool may take")

    often = commands.add_parser("statistics", help="false alarms, power and delay")
    groups = list(rates.Settings().groups)
    often.add_argument("--groups", type=names(groups), default=groups)
    often.add_argument("--tools", type=names(list(rates.JUDGES)), default=list(rates.JUDGES))
    often.add_argument("--rows", type=numbers, default=[], help="only windows of these sizes")
    often.add_argument("--effort", type=float, default=1.0, help="factor on the number of runs")

    for command in (quick, often):
        command.add_argument("--fresh", action="store_true", help="measure again what is kept")

    real = commands.add_parser("elec2", help="weekly monitoring of the Elec2 data")
    real.add_argument("--data", type=Path, default=ELEC2)

    quarters = commands.add_parser("seasons", help="quarters of weather by those of earlier years")
    quarters.add_argument("--data", type=Path, required=True, help="noaa_weather.csv")

    _add_commands_of_made_up_truth(commands)
    _add_loop_commands(commands)
    _add_fleet_commands(commands)
    commands.add_parser("overhead", help="seconds of a monitoring run, and from schedule to alert")
    commands.add_parser("environments", help="make the peers' environments")
    commands.add_parser("report", help="write the page again from the results that are kept")
    everything = commands.add_parser("all", help="speed, statistics and, with its data, elec2")
    everything.add_argument("--data", type=Path, default=ELEC2)
    everything.add_argument("--fresh", action="store_true", help="measure again what is kept")
    return top


def _add_commands_of_made_up_truth(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Add the commands on streams in which it is known what is wrong, if anything is."""
    commands.add_parser("losses", help="losses of five points, beside the best test there is")
    quiet = commands.add_parser("years", help="what the whole loop raises where nothing is wrong")
    quiet.add_argument("--rows", type=numbers, default=list(years.Settings().rows))
    quiet.add_argument("--years", type=int, default=years.Settings().years, help="of each stream")
    quiet.add_argument("--fresh", action="store_true", help="replay again what is kept")


def _add_loop_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands on what the loop survives, and what it is worth."""
    killed = commands.add_parser("kills", help="runs killed at random moments and run once more")
    killed.add_argument(
        "--trials", type=int, default=2000, help="in all, of each operation in turn"
    )
    killed.add_argument("--seed", type=int, default=1, help="from which the moments follow")
    killed.add_argument("--first", type=int, default=0, help="number of the first trial of each")
    killed.add_argument(
        "--operations", type=names(list(kills.OPERATIONS)), default=list(kills.OPERATIONS)
    )
    worth = commands.add_parser("policies", help="what retraining policies keep of the gain")
    both = commands.add_parser("harm", help="harmful changes found, harmless ones left in peace")
    for command in (worth, both):
        command.add_argument(
            "--stream",
            action="append",
            default=[],
            metavar="NAME=FILE",
            help=f"a public data set as a CSV file; may be repeated: {', '.join(SOURCES)}",
        )
    both.add_argument("--rows", type=numbers, default=[300, 1000, 10_000], help="rows a window")
    both.add_argument("--seeds", type=int, default=1, help="streams of each made-up family")
    around = commands.add_parser("turns", help="relations that turn round: found, learned, told")
    around.add_argument("--kinds", type=names(list(turns.KINDS)), default=list(turns.KINDS))
    around.add_argument("--rows", type=numbers, default=list(turns.ROWS), help="rows a week")
    around.add_argument("--seeds", type=int, default=1, help="histories of each")
    before = commands.add_parser("estimates", help="scores without labels, beside NannyML's")
    before.add_argument("--sets", type=names(list(SETS)), default=list(SETS))
    for command in (both, around, before):
        command.add_argument("--fresh", action="store_true", help="judge again what is kept")
    worth.add_argument(
        "--histories",
        type=int,
        default=0,
        help="instead, so many short generated histories: how often the default is below never",
    )
    worth.add_argument("--time", action="store_true", help="instead, how long a matrix takes")
    worth.add_argument("--start", type=int, default=0, help="number of the first such history")


def _add_fleet_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands on many models, and on one that is larger than a machine."""
    many = commands.add_parser("fleet", help="what each model of a fleet costs, and on Dask")
    many.add_argument("--models", type=numbers, default=list(fleet.COUNTS))
    many.add_argument("--ways", type=names(list(fleet.WAYS)), default=list(fleet.WAYS))
    many.add_argument("--rows", type=int, default=20_000, help="rows a week")
    large = commands.add_parser("partitions", help="large data by partition on a Dask cluster")
    large.add_argument("--rows", type=int, default=3_000_000, help="of the reference")
    large.add_argument("--current", type=int, default=1_000_000, help="rows of the window")
    large.add_argument("--columns", type=int, default=1000, help="numeric ones; 10 more have text")
    large.add_argument("--partition", type=int, default=250_000, help="rows of a partition")
    state = commands.add_parser("fleet-state", help="queries and seconds to read many models")
    state.add_argument("--models", type=numbers, default=[10, 1000])
    state.add_argument("--database", help="an empty database of SQLAlchemy's kind, not SQLite")


def run(arguments: argparse.Namespace) -> None:
    """Do what a command says."""
    command = arguments.command
    if command == "speed":
        chosen = {"rows": arguments.rows, "numeric": arguments.numeric, "tools": arguments.tools}
        limits = {"repeats": arguments.repeats, "limit": arguments.limit}
        if arguments.large:
            chosen = {"rows": (), "large": arguments.large}
        speed.run(speed.Settings(**chosen, **limits, fresh=arguments.fresh))
    elif command == "statistics":
        chosen = {"groups": arguments.groups, "judges": arguments.tools, "rows": arguments.rows}
        rates.run(rates.Settings(**chosen, effort=arguments.effort, fresh=arguments.fresh))
    elif command == "kills":
        chosen = {"seed": arguments.seed, "operations": arguments.operations}
        kills.run(kills.Settings(arguments.trials, first=arguments.first, **chosen))
    elif command == "overhead":
        overhead.run_overhead()
    elif command in RUNNERS:
        RUNNERS[command](arguments)
    elif command == "environments":
        for name in sorted({tool.environment for tool in speed.TOOLS.values()} - {OWN}):
            print(f"{name}: {python_of(name)}")
    elif command == "all":
        speed.run(speed.Settings(large=tuple(speed.LARGE), fresh=arguments.fresh))
        rates.run(rates.Settings(fresh=arguments.fresh))
    if command == "elec2" or (command == "all" and _has_elec2(arguments.data)):
        from benchmarks import elec2

        elec2.run(arguments.data)
    reports = {
        "speed": speed_report.write,
        "statistics": rates_report.write,
        "overhead": overhead_report.write,
        "kills": kills.write,
        "fleet": fleet_report.write,
    }
    for name, write in reports.items():
        if command in (name, "report") or (command == "all" and name in ("speed", "statistics")):
            write()


def _run_fleet(arguments: argparse.Namespace) -> None:
    """Run many models, or one on many workers."""
    from benchmarks import partitions

    if arguments.command == "fleet":
        fleet.run(arguments.models, arguments.ways, arguments.rows)
    elif arguments.command == "fleet-state":
        fleet_state.run(arguments.models, arguments.database)
    else:
        partitions.run(arguments.rows, arguments.current, arguments.columns, arguments.partition)
        fleet_report.write()


def _with_own_report(arguments: argparse.Namespace) -> None:
    """Run a benchmark whose report is its own."""
    from benchmarks import (
        estimates,
        estimates_report,
        harm,
        harm_report,
        histories,
        losses,
        policies,
        seasons,
        sizes,
    )

    if arguments.command == "years":
        chosen = {"rows": arguments.rows, "years": arguments.years}
        years.run(years.Settings(**chosen, fresh=arguments.fresh))
        return
    if arguments.command == "seasons":
        seasons.run(arguments.data)
        return
    if arguments.command == "losses":
        losses.run()
        return
    if arguments.command == "turns":
        turns.run(arguments.kinds, arguments.rows, arguments.seeds, arguments.fresh)
        return
    if arguments.command == "estimates":
        estimates.run(arguments.sets, arguments.fresh)
        estimates_report.write()
        return
    parts = (text.partition("=") for text in arguments.stream)
    files = {name: Path(path) for name, _, path in parts}
    if arguments.command == "policies":
        if arguments.time:
            policies.measure()
        elif arguments.histories:
            histories.run(arguments.histories, arguments.start)
        else:
            policies.run(files)
        return
    chosen = {"rows": arguments.rows, "seeds": arguments.seeds, "fresh": arguments.fresh}
    harm.run(harm.Settings(files, **chosen))
    sizes.run(arguments.fresh)
    harm_report.write()
    sizes.write()


def _has_elec2(path: Path) -> bool:
    if not path.exists():
        print(f"Left out elec2: there is no {path}. Name the file with --data.", flush=True)
    return path.exists()


RUNNERS = {
    **dict.fromkeys(("fleet", "fleet-state", "partitions"), _run_fleet),
    **dict.fromkeys(
        ("policies", "harm", "losses", "estimates", "seasons", "turns", "years"), _with_own_report
    ),
}
"""What runs a command that writes its own report."""


def main(given: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        run(parser().parse_args(given))
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
