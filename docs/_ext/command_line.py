"""The directive ``command-line``: the commands of a program, their arguments and options, from the program.

::

    .. command-line:: proofcheck.cli:app
       :program: proofcheck
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, ClassVar

import typer.main
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_OPTION = re.compile(r"(--(?:[a-z][a-z-]*|(?= )))")


class CommandLine(SphinxDirective):
    """A section for each command of a Typer application."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"program": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """The sections, in the order in which ``--help`` lists the commands."""
        self.env.note_reread()  # the program may change where this page does not
        module, _, name = self.arguments[0].partition(":")
        group: Any = typer.main.get_command(getattr(import_module(module), name))
        program = self.options["program"]
        sections = [self._section(group, program)]
        sections += [
            self._section(command, f"{program} {name}")
            for name, command in group.commands.items()
            if not command.hidden
        ]
        return sections

    def _section(self, command: Any, path: str) -> nodes.section:
        context = command.make_context(path, [], resilient_parsing=True)
        section = nodes.section(ids=[nodes.make_id(path)], names=[nodes.fully_normalize_name(path)])
        section += nodes.title(text=path)
        usage = " ".join([path, *command.collect_usage_pieces(context)])
        block = nodes.literal_block(usage, usage, language="text")
        section += block
        for paragraph in (command.help or "").split("\n\n"):
            section += _paragraph(" ".join(paragraph.split()))
        options = nodes.definition_list(classes=["options"])
        for parameter in command.params:
            record = parameter.get_help_record(context)
            if record is not None:
                options += _item(*record)
        section += options
        self.state.document.note_implicit_target(section, section)
        return section


def _item(names: str, text: str) -> nodes.definition_list_item:
    term = nodes.term("", "", nodes.literal(text=names))
    return nodes.definition_list_item("", term, nodes.definition("", _paragraph(text)))


def _paragraph(text: str) -> nodes.paragraph:
    """Text, with its options as code: two hyphens are no dash."""
    paragraph = nodes.paragraph()
    for number, part in enumerate(_OPTION.split(text)):
        paragraph += nodes.literal(text=part) if number % 2 else nodes.Text(part)
    return paragraph


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
