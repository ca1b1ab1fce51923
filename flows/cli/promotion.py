"""Commands about who is champion: rollback, approve, ledger."""

from typing import Annotated, Any

import typer

from driftloop.base.retrain_record import Champion, Promotion
from driftloop.base.workspace import Workspace
from driftloop.promotion.ledger import Answer, Ledger, Rollback
from flows.cli.command import command
from flows.cli.display.promotion import ledger_view
from flows.cli.display.show import sentence_view
from flows.cli.options import Name, Reason, configured_job, data_job
from flows.cli.session import running, waiting


def _rollback(promotion: Promotion, name: str, **_: Any) -> Rollback:
    champion = Champion(promotion.version)
    return Rollback(name, promotion.promoted, champion, promotion.previous, promotion.sentence)


def _answer(promotion: Promotion, name: str, **_: Any) -> Answer:
    return Answer(name, promotion.promoted, promotion.champion, promotion.sentence)


@command(sentence_view, result_of=_rollback)
def rollback(
    place: Workspace,
    name: Name,
    to: Annotated[str | None, typer.Option(help="Version; default: the predecessor.")] = None,
    reason: Reason = "Started by hand.",
) -> Promotion:
    """Make an earlier version champion again, with its reference."""
    data_job(place, name)
    with running(f"Rolling back {name}", name):
        from flows.rollback import rollback as flow

        return flow(name, to, reason, str(place.root))


@command(sentence_view, result_of=_answer)
def approve(
    place: Workspace,
    name: Name,
    version: Annotated[str | None, typer.Option(help="Version; default: the one waiting.")] = None,
    decline: Annotated[bool, typer.Option("--decline", help="Keep the champion.")] = False,
    by: Annotated[str, typer.Option(help="Who decides; it goes into the ledger.")] = "",
    comment: Annotated[str, typer.Option(help="Why; it goes into the ledger.")] = "",
) -> Promotion:
    """Promote the challenger that waits for approval, or decline it."""
    data_job(place, name)
    with running(f"Answering for {name}", name):
        from flows.approve import answer as flow

        return flow(name, not decline, version, by, comment, str(place.root))


@command(ledger_view)
def ledger(place: Workspace, name: Name) -> Ledger:
    """Show every promotion, rollback and refusal of a model, oldest first."""
    configured_job(place, name)
    from tasks.registry.ledger import read_ledger
    from tasks.registry.opening import open_registry

    with waiting("Querying the registry"):
        registry = open_registry(place)
        champion = registry.champion(name)
        serving = Champion(champion.version if champion else None)
        return Ledger(name, serving, read_ledger(registry, name))
