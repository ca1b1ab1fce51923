"""The weekly digest: everyone is counted, nobody is called healthy without a look."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from driftloop.alerts.messages.digest import DigestLine, digest_message
from driftloop.alerts.messages.formats.slack import TOTAL_LIMIT, size, slack_blocks
from driftloop.base.tags import RunTags
from tests.driftloop.alerts.messages.message_records import AS_OF, shown

RUN = RunTags(kind="monitor", key="k", as_of=AS_OF, verdict="ok", metric="roc_auc", score=0.812)
RUN = replace(RUN, score_low=0.8, score_high=0.824)
CALM = DigestLine("churn", RUN, 34)


def line(model: str, **changes: Any) -> DigestLine:
    """The line of a model; `verdict` and `as_of` are those of its newest run."""
    run = {name: changes.pop(name) for name in ("verdict", "as_of") if name in changes}
    return replace(CALM, model=model, **{"last": replace(RUN, **run), **changes})


def digest(*lines: DigestLine) -> str:
    return shown(digest_message("slack:#ml", AS_OF, lines)).replace("\u00a0", " ")


def test_groups() -> None:
    text = digest(
        CALM,
        line("late", as_of=AS_OF - timedelta(days=8)),
        line("never", last=None, age_days=None),
        line("blind", verdict="inconclusive"),
        line("near", verdict="warning", muted_until=AS_OF + timedelta(days=1), promotions=1),
        line("drifting", verdict="drift"),
        line("warned", open_since=AS_OF - timedelta(days=2), severity="warning", incidents=2),
        line("paged", open_since=AS_OF - timedelta(days=1), severity="page", retrainings=1),
    )
    figures = "ROC AUC 0.812 (0.800 to 0.824) · version 34 days old"
    assert (
        text
        == f"""\
🔵 all models: the week to 2026-03-09

*8 models: 3 in trouble, 3 not watched, 2 healthy.*

*In trouble*
🚨 *paged* since 2026-03-08 06:00 (24 hours) · {figures} · 1 retraining
🟠 *warned* since 2026-03-07 06:00 (2 days) · {figures} · 2 incidents
🟠 *drifting* {figures}

*Not watched*
• *late* has not run since 2026-03-01 06:00 · {figures}
• *never* never ran
• *blind* not judged · {figures}

*Healthy*
• *churn* · {figures}
• *near* · close to a limit · {figures} · 1 promotion · muted until 2026-03-10 06:00"""
    )


def test_a_model_in_trouble_that_stopped_running_says_so() -> None:
    gone = line("gone", open_since=AS_OF - timedelta(days=30), as_of=AS_OF - timedelta(days=20))
    assert "(30 days) · has not run since 2026-02-17 06:00" in digest(gone)


def test_key_and_model() -> None:
    message = digest_message("slack:#ml", AS_OF, (CALM,))
    assert message.key == "digest/slack:#ml/2026-03-09"
    assert (message.model, message.kind, message.severity) == ("all models", "digest", "info")
    assert message.text == (
        "all models: the week to 2026-03-09. 1 model: 0 in trouble, 0 not watched, 1 healthy."
    )


def test_no_model() -> None:
    assert "No model is monitored." in digest()


def test_hundreds_of_models_fit_and_are_counted() -> None:
    name = "a_rather_long_name_of_a_model_{}"
    trouble = [
        line(name.format(n), open_since=AS_OF - timedelta(days=n), severity="page")
        for n in range(200)
    ]
    blind = [line(name.format(n), verdict="inconclusive") for n in range(200, 400)]
    calm = [line(name.format(n), promotions=int(n < 450)) for n in range(400, 900)]
    message = digest_message("slack:#ml", AS_OF, (*calm, *blind, *trouble))
    text = shown(message)
    assert "900 models: 200 in trouble, 200 not watched, 500 healthy." in text
    assert text.count("more: `driftloop status` shows them") == 4
    assert "Healthy, and nothing happened: a_rather_long" in text
    assert sum(map(size, slack_blocks(message))) <= TOTAL_LIMIT
    assert "…" not in text


def test_what_an_incident_cost_or_a_promotion_brought_is_told() -> None:
    last = replace(RUN, balance="cost 400 EUR since 2026-02-23")
    trouble = line("losing", last=last, open_since=AS_OF - timedelta(days=14), severity="page")
    better = line("won", last=replace(RUN, balance="version 3 brought 90 EUR"))
    text = digest(trouble, better)
    assert "losing" in text.split("cost 400 EUR since 2026-02-23")[0]
    assert "version 3 brought 90 EUR · version 34 days old" in text
