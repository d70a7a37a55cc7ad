"""What a release says of itself: one version, a citation, a changelog, a text for a package index."""

from __future__ import annotations

import datetime
import re
import tomllib
from importlib import metadata
from pathlib import Path

import yaml

from proofcheck.doctor.packages import GIVES
from tests.ci.scripts import script

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = SETTINGS["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PYTHONS = ["3.11", "3.12", "3.13"]


def test_the_version_is_that_of_the_package_installed() -> None:
    assert metadata.version("proofcheck") == PROJECT["version"], "install the package anew"


def test_the_citation_file_has_what_its_format_requires() -> None:
    # https://github.com/citation-file-format/citation-file-format, version 1.2.0
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] == "software"
    for entry in (CITATION, *CITATION["references"]):
        assert entry["title"]
        assert entry["authors"]
        for author in entry["authors"]:
            assert set(author) in ({"name"}, {"family-names", "given-names"})
    assert CITATION["message"]
    assert isinstance(CITATION["date-released"], datetime.date)
    (paper,) = CITATION["references"]
    assert paper["type"] == "conference-paper"
    assert [author["family-names"] for author in paper["authors"]] == ["Alman", "Song"]
    assert paper["url"] in (ROOT / "README.md").read_text(encoding="utf-8")
    assert paper["url"] == PROJECT["urls"]["Paper"]
    assert paper["identifiers"][0]["value"].endswith(paper["url"].rpartition("/")[2])


def test_the_citation_file_agrees_with_the_package() -> None:
    assert str(CITATION["version"]) == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["keywords"] == PROJECT["keywords"]
    assert [author["name"] for author in CITATION["authors"]] == [
        author["name"] for author in PROJECT["authors"]
    ]
    assert CITATION["title"].lower().endswith(PROJECT["description"].lower())


def test_the_changelog_has_the_release_with_its_date() -> None:
    heading = f"## [{PROJECT['version']}] - {CITATION['date-released'].isoformat()}"
    assert heading in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()


def _for_the_index() -> str:
    """What a package index gets: README.md and a few lines more."""
    hook = SETTINGS["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    readme, more = hook["fragments"]
    text: str = (ROOT / readme["path"]).read_text(encoding="utf-8") + more["text"]
    for step in hook["substitutions"]:
        text = re.sub(step["pattern"], step["replacement"], text)
    return text


def test_links_in_the_text_for_the_index_lead_somewhere_from_there() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", _for_the_index())
    assert targets
    assert [target for target in targets if not target.startswith("https://")] == []


def _without_links(text: str) -> str:
    """The text without pictures, and without what makes a link of its words."""
    return re.sub(r"\]\([^)]+\)", "", re.sub(r"!\[[^\]]*\]\([^)]+\)\n*", "", text)).replace("[", "")


def test_nothing_but_links_differs_in_the_text_for_the_index() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = _for_the_index()
    assert _without_links(found).startswith(_without_links(text))
    fences = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
    assert fences.findall(found) == fences.findall(text)


def test_every_python_of_the_classifiers_is_one_that_the_release_is_tried_on() -> None:
    named = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if ":: Python :: 3." in line]
    assert named == PYTHONS
    script = (ROOT / ".ci" / "full").read_text(encoding="utf-8")
    assert f"PYTHONS:-{' '.join(f'python{version}' for version in PYTHONS)}" in script


def _users_extras() -> set[str]:
    return set(PROJECT["optional-dependencies"]) - {"dev", "test"}


def test_every_extra_is_tried_alone() -> None:
    smoke = script("smoke")
    assert set(smoke.extras()) == _users_extras()
    assert _users_extras() < set(smoke.PARTS)


def test_doctor_knows_what_every_extra_gives() -> None:
    assert _users_extras() <= set(GIVES)
