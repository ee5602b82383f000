"""The 通报 as .docx: a Word template that officials edit (report/summary.docx), filled by docxtpl.

Belongs here: filling. Does not: the packaged template's make-up (docx_layout), paths to write to.
"""

from __future__ import annotations

import io
import re
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

from config.language import Language
from templates.render import Renderer, shown
from templates.views import OfficeView, SummaryView

NAME = "report/summary.docx"
YEARLY = "report/summary.yearly.docx"  # the same in Chinese, of years; an office edits NAME whatever its plan
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold
# XML 1.0 has no place for these; the ordinary marks are taken out for every format (formats.clean).
_NOT_XML = re.compile("[\x0b\x0c\ud800-\udfff\ufffe\uffff]")


def summary_docx(renderer: Renderer, office: OfficeView, view: SummaryView) -> bytes:
    """``summary.docx``: the same record twice gives the same bytes.

    :raises jinja2.TemplateError: a name in the template that the record does not have, or broken syntax;
        its ``docx_context`` holds the lines around the place
    :raises docx.opc.exceptions.PackageNotFoundError: the template is no Word file
    """
    from docxtpl import DocxTemplate  # 0.2 s, and only reports need it

    template = DocxTemplate(io.BytesIO(template_bytes(renderer, name_in(renderer.say))))
    # Word writes the braces; what stands between them is held to the same rules as the mail templates.
    environment = renderer.environment.overlay(autoescape=True, finalize=_in_xml)
    template.render({"office": office, "view": view}, environment, autoescape=True)
    out = io.BytesIO()
    template.save(out)
    return same_bytes(out.getvalue())


def name_in(say: Language) -> str:
    """The Word template of a language: people edit it in Word, so each language has its own file."""
    return NAME if say.is_chinese else NAME.replace(".docx", f".{say.code}.docx")


def template_bytes(renderer: Renderer, name: str) -> bytes:
    """A template that is no text for Jinja2: the office's own file before the packaged one.

    :raises FileNotFoundError: neither exists
    """
    own = override_of(renderer, name)
    if own:
        return own.read_bytes()
    packaged = YEARLY if name == NAME and renderer.say.is_yearly else name
    return files("templates").joinpath(*packaged.split("/")).read_bytes()


def override_of(renderer: Renderer, name: str) -> Path | None:
    """The office's own file for template ``name``, if it has one."""
    own = renderer.overrides / name if renderer.overrides is not None else None
    return own if own is not None and own.is_file() else None


def same_bytes(package: bytes) -> bytes:
    """The zip with every member dated alike, so that equal contents are equal files."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as given,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in given.namelist():
            new.writestr(zipfile.ZipInfo(name, _EPOCH), given.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _in_xml(value: Any) -> Any:
    said = shown(value)
    return _NOT_XML.sub("", said) if isinstance(said, str) and not hasattr(said, "__html__") else said
