"""How the documentation is built: python -m sphinx -W --keep-going -b html -c docs . build/docs, at the root.

The source directory is the root of the repository, so that README, notebooks and pages are documents under
the paths that links between them have: a link leads to the same place here as in the files themselves.
Nothing is fetched, neither while building nor by a page that is read.
"""

import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_ext")]

project = "proofcheck"
author = "The proofcheck contributors"
project_copyright = author
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "command_line",
    "docstrings",
    "katex_mathml",
    "public_names",
    "repository_links",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".rst": "restructuredtext"}
root_doc = "docs/index"
_TOP = ("CHANGELOG.md", "CONTRIBUTING.md", "README.md")
include_patterns = ["docs/**", "notebooks/*.ipynb", *_TOP]
exclude_patterns = sorted(
    entry.name for entry in ROOT.iterdir() if entry.name not in ("docs", "notebooks", *_TOP)
)
nitpicky = True
smartquotes_action = "D"  # dashes; quotes stay as they are written

myst_enable_extensions = ["amsmath", "dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # pages that programs write may leave out a level of headings
nb_execution_mode = "off"
nb_render_markdown_format = "myst"

# What an extra would bring is not needed to tell of it.
autodoc_mock_imports = [
    name
    for name in ("dask", "distributed", "matplotlib", "pyarrow", "torch", "zarr")
    if find_spec(name) is None
]
autodoc_default_options = {"member-order": "bysource", "undoc-members": True}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False
python_use_unqualified_type_names = True
python_display_short_literal_types = True
#: Modules of whose ``__all__`` every name is in the reference.
public_modules = [
    "proofcheck",
    "proofcheck.audit",
    "proofcheck.claims",
    "proofcheck.claims.status",
    "proofcheck.course",
    "proofcheck.derive",
    "proofcheck.errors",
    "proofcheck.extremal",
    "proofcheck.gradcheck",
    "proofcheck.notebook",
    "proofcheck.numeric.low_rank_errors",
    "proofcheck.numeric.polynomial",
    "proofcheck.numeric.result",
    "proofcheck.results",
    "proofcheck.torch",
    "reductions",
    "reductions.chain",
    "reductions.datasets.export",
    "reductions.datasets.reader",
    "reductions.datasets.row",
    "reductions.datasets.score",
    "reductions.datasets.spec",
    "reductions.datasets.validate",
    "reductions.datasets.writer",
    "reductions.decide",
    "reductions.families",
    "reductions.oracles",
    "reductions.parameters",
    "reductions.probe",
    "reductions.problems.attention",
    "reductions.problems.dimacs",
    "reductions.problems.gap",
    "reductions.problems.orthogonal_vectors",
    "reductions.problems.sat",
    "reductions.quadrature",
    "reductions.steps.attention_to_gradient",
    "reductions.steps.direct_embedding",
    "reductions.steps.distributed_pcp",
    "reductions.steps.gap_to_attention",
    "reductions.steps.sat_to_ov",
    "reductions.thresholds",
]
# Types of other libraries, of which no index is at hand when the network is not.
nitpick_ignore_regex = [
    (r"py:.*", r"(collections|dask|distributed|fractions|np|numpy|os|pathlib|torch|typing)\..*"),
    (r"py:.*", r"Fraction|Path"),
]

html_theme = "furo"
html_title = f"proofcheck {release}"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
templates_path = ["_templates"]
html_additional_pages = {"index": "to_front_page.html"}
html_theme_options = {"top_of_page_buttons": []}
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "katex-mathml"
# Searching shows no summaries: for these a page would fetch others, which browsers refuse it for files.
html_show_search_summary = False
