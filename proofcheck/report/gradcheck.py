"""Reports of a check of a gradient: text, JSON, JUnit XML and SARIF."""

from __future__ import annotations

import json
import textwrap
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from proofcheck.gradcheck import Agreement, Finding, FindingKind, GradcheckReport, GradcheckVerdict
from proofcheck.report.machine import xml_text
from proofcheck.report.sarif import SarifResult, SarifRule, sarif

__all__ = ["print_gradcheck", "to_gradcheck_json", "to_gradcheck_junit", "to_gradcheck_sarif"]

_STYLES = {
    GradcheckVerdict.CERTIFIED: "bold green",
    GradcheckVerdict.REFUTED: "bold red",
    GradcheckVerdict.UNDECIDED: "bold yellow",
}
_MEASURED = (FindingKind.DIRECTION, FindingKind.COORDINATE)


def print_gradcheck(report: GradcheckReport, console: Console) -> None:
    """Print what was measured at each point, what else was found, what explains it, and the verdict."""
    console.print(_table(report))
    others = [one for one in report.findings if one.kind not in _MEASURED]
    wrong = [
        one for one in report.findings if one.kind in _MEASURED and one.agreement is not Agreement.AGREES
    ]
    for title, findings in (("", wrong[:8]), ("", others)):
        if findings:
            console.print(title)
        for one in findings:
            where = "" if one.point == "given" else f" (at {one.point})"
            mark = {"differs": "✗ ", "unresolved": "? ", "agrees": "✓ ", "note": "  "}[one.agreement.value]
            if console.options.ascii_only:
                mark = {"✗ ": "x ", "✓ ": "+ "}.get(mark, mark)
            for line in _wrapped(f"{mark}{one.detail}{where}", console.width):
                console.print(line, soft_wrap=True)
    if report.attribution is not None:
        console.print()
        for line in _wrapped(f"explained by: {report.attribution}", console.width):
            console.print(line, soft_wrap=True)
    if report.reproducer is not None:
        console.print()
        console.print(Text("to see it:"))
        console.print(Text(textwrap.indent(report.reproducer.rstrip("\n"), "  "), "cyan"), soft_wrap=True)
    console.print()
    words = f"{report.verdict.value} {report.grad.name}: {report.summary}"
    console.print(Text(words, _STYLES[report.verdict]), soft_wrap=True)


def _wrapped(text: str, width: int) -> Iterator[Text]:
    lines = textwrap.wrap(text, max(width, 40), subsequent_indent="    ", break_on_hyphens=False)
    return (Text(line) for line in lines)


def _table(report: GradcheckReport) -> Table:
    """A row for each point and level: how many directions and coordinates agree, and how well."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("point", "level", "agree", "differ", "open", "order", "largest difference"):
        table.add_column(head, justify="left" if head in ("point", "level") else "right")
    groups: dict[tuple[str, str], list[Finding]] = {}
    for one in report.findings:
        if one.kind in (*_MEASURED, FindingKind.KINK):
            groups.setdefault((one.point, one.level), []).append(one)
    for (point, level), found in groups.items():
        counts = [sum(one.agreement is kind for one in found) for kind in list(Agreement)[:3]]
        orders = sorted(one.order for one in found if one.order is not None)
        order = f"{orders[len(orders) // 2]:.2f}" if orders else ""
        table.add_row(Text(point), level, *map(str, counts), order, _largest(found))
    return table


def _largest(found: list[Finding]) -> str:
    """The largest difference relative to the values that were compared."""
    relative = [
        abs(one.gradient - one.derivative) / max(abs(one.gradient), abs(one.derivative))
        for one in found
        if one.gradient is not None
        and one.derivative is not None
        and max(abs(one.gradient), abs(one.derivative)) > 0
    ]
    return f"{max(relative):.1e}" if relative else ""


def to_gradcheck_json(report: GradcheckReport) -> str:
    """The report as JSON: what its ``to_json`` gives."""
    return json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n"


def to_gradcheck_junit(report: GradcheckReport) -> str:
    """The report as JUnit XML: one test case, a failure unless the gradient is certified."""
    failed = not report
    root = ElementTree.Element("testsuites")
    counts = {"tests": "1", "failures": str(int(failed)), "errors": "0", "time": f"{report.seconds:.3f}"}
    suite = ElementTree.SubElement(root, "testsuite", {"name": "proofcheck gradcheck", **counts})
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {
            "classname": xml_text(report.loss.name),
            "name": xml_text(report.grad.name),
            "time": f"{report.seconds:.3f}",
        },
    )
    if report.grad.file is not None and report.grad.line is not None:
        case.set("file", xml_text(report.grad.file))
        case.set("line", str(report.grad.line))
    if failed:
        facts = {"type": report.verdict.value, "message": xml_text(report.summary)}
        fault = ElementTree.SubElement(case, "failure", facts)
        fault.text = xml_text(_reason(report))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _reason(report: GradcheckReport) -> str:
    lines = [f"{report.verdict.value}: {report.summary}"]
    if report.attribution is not None:
        lines.append(f"explained by: {report.attribution}")
    if report.reproducer is not None:
        lines.append(report.reproducer.rstrip("\n"))
    return "\n".join(lines)


def to_gradcheck_sarif(report: GradcheckReport) -> str:
    """The report as SARIF: a gradient that is refuted is an error at its line, one left open a warning."""
    rule = SarifRule(
        f"gradcheck/{report.grad.name}",
        f"{report.grad.name} is the gradient of {report.loss.name}",
        "The gradient equals the derivative of the loss, measured with an error that is derived.",
    )
    if report:
        return sarif([], [rule])
    words = f"{report.verdict.value}: {report.summary}"
    if report.attribution is not None:
        words += f"; explained by: {report.attribution}"
    refuted = report.verdict is GradcheckVerdict.REFUTED
    place = report.grad
    return sarif(
        [SarifResult(rule.id, "error" if refuted else "warning", words, place.file, place.line)], [rule]
    )
