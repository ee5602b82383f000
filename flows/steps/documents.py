"""The 通报 as files: Word, PDF, chart and a preview of the mail, in HOME/reports/PERIOD.

Belongs here: which files there are and that each appears whole. Does not: wording and layout (templates).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.letters import Post
from flows.mailing.compose import Attachment, InlineImage
from flows.office import Office
from templates import figures
from templates.document import summary_docx
from templates.typeset import summary_pdf
from templates.views import SummaryView
from warehouse.durable import write_whole

CHART = "lights.png"


@dataclass(frozen=True)
class Documents:
    """What goes with one 通报; the chart is drawn only for a letter, and only when there is something to draw."""

    docx: bytes
    pdf: bytes
    chart: bytes | None = None

    def attachments(self, title: str) -> tuple[Attachment, ...]:
        return (Attachment(f"{title}.docx", self.docx), Attachment(f"{title}.pdf", self.pdf))

    @property
    def inline(self) -> tuple[InlineImage, ...]:
        return (InlineImage(CHART, CHART, self.chart),) if self.chart else ()


def make(office: Office, view: SummaryView, *, chart: bool = False) -> Documents:
    """Everything drawn from ``view``. The same view gives the same bytes.

    :raises jinja2.TemplateError: the Word template is wrong
    :raises templates.typeset.TypesetError: the template of the PDF or the chart is wrong
    """
    who = Post(office, view.as_of).view
    return Documents(
        summary_docx(office.renderer, who, view),
        summary_pdf(office.renderer, who, view),
        figures.lights_png(office.renderer, view) if chart else None,
    )


def write(office: Office, view: SummaryView, folder: Path, made: Documents | None = None) -> list[Path]:
    """Writes ``summary.docx``, ``summary.pdf``, ``charts/`` and ``mails/`` into ``folder``, each file whole.

    :param made: what was sent, so that the files are the very attachments; made here when absent
    """
    documents = made or make(office, view)
    who = Post(office, view.as_of).view
    chart = folder / "charts" / CHART
    if not documents.chart:
        chart.unlink(missing_ok=True)  # of an earlier report: its numbers may no longer be true
    said = figures.spoken(view, office.say) if documents.chart else ""
    mail = office.renderer.mail(
        "summary", office=who, view=view, chart=f"../charts/{CHART}" if said else "", chart_said=said
    )
    contents = {
        folder / "summary.docx": documents.docx,
        folder / "summary.pdf": documents.pdf,
        folder / "mails" / "summary.html": mail.html.encode(),
        folder / "mails" / "summary.txt": f"{mail.subject}\n\n{mail.text}".encode(),
    }
    if documents.chart:
        contents[chart] = documents.chart
    for path, data in contents.items():
        write_whole(path, data)
    return list(contents)
