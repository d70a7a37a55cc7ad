"""Reports for programs: JSON, JUnit XML, and differences from the JSON of an earlier run."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proofcheck.claims.status import Word
from proofcheck.errors import UserInputError
from proofcheck.gradcheck.result import SCHEMA_VERSION as GRADCHECK_SCHEMA_VERSION
from proofcheck.gradcheck.result import GradcheckVerdict
from proofcheck.report.changes import changed
from proofcheck.results import SCHEMA_VERSION, ClaimResult, FormResult, Report

__all__ = [
    "compare_with_baseline",
    "read_baseline",
    "read_report",
    "to_json_text",
    "to_junit_text",
    "xml_text",
]

MAX_BASELINE_BYTES = 64 * 2**20
# What XML 1.0 cannot hold, not even escaped; messages of exceptions may have it.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORMS = ("printed", "mended")


def to_json_text(report: Report) -> str:
    """The report as JSON: the schema that the ``to_json`` methods of the results write."""
    return json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n"


def to_junit_text(report: Report) -> str:
    """The report as JUnit XML, one test case per claim.

    A claim that does not pass is a failure; one that could not be judged because something raised
    is an error.
    """
    errors = sum(result.status.word is Word.ERROR for result in report.results)
    failures = sum(not result.passed for result in report.results) - errors
    counts = {"tests": str(len(report.results)), "failures": str(failures), "errors": str(errors)}
    time = f"{sum(map(_seconds, report.results)):.3f}"
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(root, "testsuite", {"name": "proofcheck", **counts, "time": time})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _flat(report.environment):
        ElementTree.SubElement(properties, "property", {"name": name, "value": xml_text(value)})
    for result in report.results:
        attributes = {
            "classname": xml_text(result.claim.module),
            "name": xml_text(result.claim.id),
            "time": f"{_seconds(result):.3f}",
        }
        case = ElementTree.SubElement(suite, "testcase", attributes)
        if not result.passed:
            tag = "error" if result.status.word is Word.ERROR else "failure"
            message = xml_text(str(result.status))
            fault = ElementTree.SubElement(case, tag, {"type": result.status.word.value, "message": message})
            fault.text = xml_text(_reason(result))
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def xml_text(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def _flat(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested facts as dotted names."""
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value)


def _forms(result: ClaimResult) -> list[FormResult]:
    return [form for form in (result.printed, result.mended) if form is not None]


def _seconds(result: ClaimResult) -> float:
    return sum(verdict.seconds for form in _forms(result) for verdict in form.verdicts)


def _reason(result: ClaimResult) -> str:
    lines = [f"{result.claim.title} ({result.claim.source})"]
    for form in _forms(result):
        lines.append(f"as {form.form.name}: {form.status}")
        if form.counterexample is not None:
            lines.append(f"counterexample: {json.dumps(form.counterexample, ensure_ascii=False)}")
    lines.append(f"status: {result.status}")
    return "\n".join(lines)


def compare_with_baseline(
    report: Report, baseline: Mapping[str, Any], *, selected: bool = False
) -> list[str]:
    """Differences of outcome from an earlier run, one line each; an improvement is one too.

    Args:
        report: this run.
        baseline: what :func:`read_baseline` gave.
        selected: this run was restricted to some ids, so that claims it lacks are not gone.
    """
    return [str(change) for change in changed(baseline, report.to_json(), selected=selected)]


def read_baseline(path: Path) -> dict[str, Any]:
    """The JSON report of an earlier run, checked as far as comparing needs it.

    Raises:
        UserInputError: it cannot be read, is too large, or is no such report; the message says where.
    """
    return _checked(_parsed(path, "baseline"), path, "baseline")


def read_report(path: Path) -> tuple[str, dict[str, Any]]:
    """A JSON report of ``verify`` or of ``gradcheck``, which is like one claim: the command and the claims.

    Raises:
        UserInputError: it cannot be read, is too large, or is no such report; the message says where.
    """
    data = _parsed(path, "report")
    if not isinstance(data, dict) or "verdict" not in data:
        return "verify", _checked(data, path, "report")
    fault = None
    if data.get("schema_version") != GRADCHECK_SCHEMA_VERSION:
        fault = f"schema_version is missing or is not {GRADCHECK_SCHEMA_VERSION}"
    elif not isinstance(data.get("grad"), str):
        fault = "'grad' is not a string"
    elif data["verdict"] not in list(GradcheckVerdict):
        fault = "'verdict' is not one of the known words"
    if fault is not None:
        hint = "expected what 'proofcheck gradcheck --format json' writes"
        raise UserInputError(f"report {str(path)!r}: {fault}; {hint}")
    claim = {"id": data["grad"], "status": data["verdict"], **dict.fromkeys(_FORMS)}
    return "gradcheck", {"claims": [claim]}


def _parsed(path: Path, role: str) -> Any:
    """What a JSON file holds; ``role`` is what it is called in messages."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BASELINE_BYTES + 1)
    except OSError as error:
        raise UserInputError(f"{role} {str(path)!r}: {error.strerror}") from error
    if len(content) > MAX_BASELINE_BYTES:
        raise UserInputError(f"{role} {str(path)!r}: larger than {MAX_BASELINE_BYTES // 2**20} MiB")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise UserInputError(f"{role} {str(path)!r}: not JSON: {reason}") from error


def _checked(data: Any, path: Path, role: str) -> dict[str, Any]:
    fault = _fault(data)
    if fault is not None:
        hint = "expected what 'proofcheck verify --format json' writes"
        raise UserInputError(f"{role} {str(path)!r}: {fault}; {hint}")
    checked: dict[str, Any] = data
    return checked


def _fault(data: object) -> str | None:
    """What keeps parsed JSON from being a report; None if nothing does."""
    if not isinstance(data, dict):
        return "the top level is not an object"
    if data.get("schema_version") != SCHEMA_VERSION:
        return f"schema_version is missing or is not {SCHEMA_VERSION}"
    claims = data.get("claims")
    if not isinstance(claims, list):
        return "'claims' is not a list"
    seen: set[str] = set()
    for position, claim in enumerate(claims):
        if not isinstance(claim, dict) or not isinstance(claim.get("id"), str):
            return f"claims[{position}] is not an object with a string 'id'"
        if claim["id"] in seen:
            return f"claims[{position}] has the id of an earlier one"
        seen.add(claim["id"])
        forms = [(name, claim.get(name)) for name in _FORMS]
        for where, holder in [("", claim), *((f"{name}.", form) for name, form in forms if form is not None)]:
            if not isinstance(holder, dict) or not _is_status(holder.get("status")):
                return f"claims[{position}].{where}status is missing or not one of the known words"
        for name in _FORMS:
            claim.setdefault(name, None)
    return None


def _is_status(word: object) -> bool:
    return isinstance(word, str) and word in {one.value for one in Word}
