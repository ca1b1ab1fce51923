"""Links from a message to where its reader can see more."""

from dataclasses import dataclass
from urllib.parse import quote

from driftloop.alerts.blocks import Context, Line, Span, joined


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that a message points to; a missing one is left out."""

    prefect_run: str | None = None
    mlflow_run: str | None = None
    model_version: str | None = None
    report: str | None = None

    @property
    def spans(self) -> tuple[Span, ...]:
        """The links there are, in the order in which they are shown."""
        named = (
            link("Prefect run", self.prefect_run),
            link("MLflow run", self.mlflow_run),
            link("Model version", self.model_version),
            link("Report", self.report),
        )
        return tuple(span for span in named if span is not None)

    @property
    def footer(self) -> tuple[Context, ...]:
        """The line of links below a message; empty where there are none."""
        return (Context(Line(joined(self.spans))),) if self.spans else ()


def link(label: str, url: str | None) -> Span | None:
    """Return a link, or None where the URL is missing or not HTTP(S)."""
    if url is None or not url.startswith(("http://", "https://")):
        return None
    return Span(label, "link", quote(url, safe="%/:=&?~#+!$,;'@()*[]"))
