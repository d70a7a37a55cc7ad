"""What ``proofcheck doctor`` found: text and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from proofcheck.doctor import Backend, Diagnosis
from proofcheck.doctor.packages import Extra, Package

__all__ = ["SCHEMA_VERSION", "doctor_summary", "to_doctor_json", "to_doctor_text"]

SCHEMA_VERSION = 1


def doctor_summary(diagnosis: Diagnosis) -> str:
    """Whether what is required works, in one line."""
    broken = diagnosis.broken
    return f"broken: {'; '.join(broken)}" if broken else "everything that is required works"


def to_doctor_json(diagnosis: Diagnosis) -> str:
    """The whole diagnosis, one JSON object."""
    data = {"schema_version": SCHEMA_VERSION, **asdict(diagnosis), "broken": list(diagnosis.broken)}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def to_doctor_text(diagnosis: Diagnosis) -> str:
    """The same for a reader, in sections; the last line says whether what is required works."""
    sections = {
        "machine": _machine(diagnosis),
        "required": [(one.name, _package(one)) for one in diagnosis.requirements],
        "backends": [(one.name, _backend(one)) for one in diagnosis.backends],
        "matrix product of NumPy": [
            (
                speed["dtype"],
                f"best {speed['best']:g}, median {speed['median']:g} GFLOP/s "
                f"(order {speed['order']}, {speed['runs']} runs)",
            )
            for speed in diagnosis.matrix_product
        ],
        "cache": [
            (
                "size",
                f"{diagnosis.cache.files} files, {diagnosis.cache.bytes / 2**20:.1f} MiB",
            ),
            ("directory", f"{diagnosis.cache.directory} ({diagnosis.cache.problem or 'writable'})"),
        ],
        "claims": list(diagnosis.claims.items()),
        "environment": list(diagnosis.variables.items()),
        "extras": [(one.name, _versions(one)) for one in diagnosis.extras if not one.missing],
        "extras not installed": [
            (one.name, f"{one.gives}: {one.pip}{_lacking(one)}") for one in diagnosis.extras if one.missing
        ],
    }
    lines = [line for title, rows in sections.items() if rows for line in _section(title, rows)]
    return "\n".join([*lines, doctor_summary(diagnosis)]) + "\n"


def _section(title: str, rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max(len(name) for name, _ in rows)
    yield title
    yield from (f"  {name:<{width}}  {text}" for name, text in rows)
    yield ""


def _machine(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    it = diagnosis.machine
    cpus = f"{it.usable} usable" + ("" if it.cpus is None else f" of {it.cpus}")
    rows = [
        ("python", it.python),
        ("system", f"{it.system} {it.architecture}"),
        ("processor", f"{it.processor or 'unknown'}, {cpus}"),
    ]
    if it.memory_gib is not None:
        rows.append(("memory", f"{it.memory_gib:g} GiB"))
    if it.load is not None:
        rows.append(("load", f"{it.load:g} in the last minute"))
    return rows


def _package(package: Package) -> str:
    return ": ".join(text for text in (package.version, package.problem) if text is not None)


def _backend(backend: Backend) -> str:
    if backend.problem is not None:
        return f"not usable: {backend.problem}" if backend.problem != "not installed" else backend.problem
    return f"{backend.version}; {', '.join(backend.offers) or 'no device'}"


def _versions(extra: Extra) -> str:
    return ", ".join(f"{one.name} {one.version}" for one in extra.packages)


def _lacking(extra: Extra) -> str:
    """Of an extra that is there in part, what is missing."""
    if len(extra.missing) == len(extra.packages):
        return ""
    return f" (missing: {', '.join(one.name for one in extra.missing)})"
