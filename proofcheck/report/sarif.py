"""Reports in SARIF 2.1.0, which code hosts show beside the lines that they are about.

[OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020.]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from proofcheck.claims.status import is_disproved
from proofcheck.results import ClaimResult, Report
from proofcheck.versions import installed_version

__all__ = ["SarifResult", "SarifRule", "sarif", "to_sarif_text"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@dataclass(frozen=True)
class SarifRule:
    """What results are about.

    Attributes:
        id: of the rule, unique.
        title: a few words.
        text: what is expected, in full.
    """

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class SarifResult:
    """One thing that was found.

    Attributes:
        rule: id of the rule it is about.
        level: ``"error"``, ``"warning"`` or ``"note"``.
        message: what was found.
        file: where; None where there is no place.
        line: of the file, from 1.
    """

    rule: str
    level: Literal["error", "warning", "note"]
    message: str
    file: str | None = None
    line: int | None = None


def sarif(results: Iterable[SarifResult], rules: Sequence[SarifRule]) -> str:
    """One run of proofcheck as SARIF.

    Files below the current directory are given relative to ``%SRCROOT%``, others by their whole address. A
    result is known again by its rule, its level and the file's name, so that it may move within the file.

    Args:
        results: in the order in which they are to be listed.
        rules: all that was checked, also what has no result.

    Raises:
        KeyError: a result is about a rule that is not among them.
    """
    number = {rule.id: k for k, rule in enumerate(rules)}
    driver = {
        "name": "proofcheck",
        "version": installed_version("proofcheck") or "unknown",
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.text},
            }
            for rule in rules
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, number[one.rule]) for one in results],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def to_sarif_text(report: Report) -> str:
    """What a run of checks found: a claim that did not pass is an error, a form that was mended a note.

    Every claim is a rule; a claim that passes as printed has no result.
    """
    rules = [
        SarifRule(one.claim.id, one.claim.title, f"{one.claim.quote} ({one.claim.source})")
        for one in report.results
    ]
    return sarif((found for one in report.results for found in _found(one)), rules)


def _found(result: ClaimResult) -> Iterable[SarifResult]:
    claim, printed, mended = result.claim, result.printed, result.mended
    standing = mended or printed
    if not result.passed:
        file, line = (None, None) if standing is None else standing.form.place
        yield SarifResult(claim.id, "error", f"{claim.title}: {result.status}", file, line)
    if printed is not None and mended is not None and is_disproved(printed.status):
        file, line = printed.form.place
        words = f"{claim.title}: as printed {printed.status}; mended because {mended.form.because}"
        yield SarifResult(claim.id, "note", words, file, line)


def _result(found: SarifResult, number: int) -> dict[str, Any]:
    data: dict[str, Any] = {
        "ruleId": found.rule,
        "ruleIndex": number,
        "level": found.level,
        "message": {"text": found.message},
    }
    name = "" if found.file is None else Path(found.file).name
    known_by = "\0".join((found.rule, found.level, name))
    data["partialFingerprints"] = {"proofcheck/v1": sha256(known_by.encode()).hexdigest()}
    if found.file is not None:
        place: dict[str, Any] = {"artifactLocation": _address(found.file)}
        if found.line is not None:
            place["region"] = {"startLine": found.line}
        data["locations"] = [{"physicalLocation": place}]
    return data


def _address(file: str) -> dict[str, str]:
    path = Path(file).absolute()
    try:
        return {"uri": quote(path.relative_to(Path.cwd()).as_posix()), "uriBaseId": "%SRCROOT%"}
    except ValueError:
        return {"uri": path.as_uri()}
