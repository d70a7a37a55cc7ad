"""Links of the pages to folders of the repository: they are named, for there is none to open.

A link to a file (data, source code, a licence) already is a download.  The pages keep the links that work
where they are read as files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class FolderLinks(SphinxPostTransform):
    """Puts the text of a link, and the folder's path, in the place of the link."""

    default_priority: ClassVar[int] = 8  # MyST, which knows files only, is at 9

    def run(self, **kwargs: Any) -> None:
        """Replace what leads to folders; other references are left alone."""
        root = Path(self.app.srcdir).resolve()
        for node in list(self.document.findall(pending_xref)):
            if node["reftype"] != "myst" or node.get("refdomain") == "doc":
                continue
            place = Path(self.env.doc2path(node["refdoc"])).parent
            target = (place / node["reftarget"]).resolve()
            if target.is_dir() and root in target.parents:
                path = nodes.literal(text=target.relative_to(root).as_posix())
                node.replace_self([*node.children, nodes.Text(" ("), path, nodes.Text(")")])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_post_transform(FolderLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
