"""Colours, style sheet and script of the blueprint."""

from __future__ import annotations

from proofcheck.claims.status import Word

__all__ = ["BORDERS", "FILLS", "INK", "SCRIPT", "STYLE", "css_class"]

#: By what a proof is worth, (light, dark): what stands is green to blue, what does not is red to orange.
FILLS = {
    Word.PROVED: ("#b7e4c0", "#1f5a33"),
    Word.PROVED_MODULO: ("#a9dfe0", "#12565a"),
    Word.PROVED_AT_SIZES: ("#dcefb5", "#45571a"),
    Word.SUPPORTED: ("#fbe8a6", "#665312"),
    Word.DEFINED: ("#c4ddf7", "#1f4773"),
    Word.ASSUMED: ("#ddd3f0", "#4a3b73"),
    Word.REFUTED: ("#f6b8b3", "#7d2521"),
    Word.REFUTED_MODULO: ("#fad3c2", "#7a3b22"),
    Word.ILL_FORMED: ("#ffd09a", "#7a4a08"),
    Word.UNKNOWN: ("#dedede", "#4a4a4a"),
    Word.VACUOUS: ("#e5cdb5", "#5c4530"),
    Word.ERROR: ("#f3b3e0", "#732a63"),
}
#: By what became of the printed statement.
BORDERS = {
    "stands": ("#1b7a3a", "#5fd08a"),
    "refuted": ("#b3261e", "#ff8a80"),
    "ill-formed": ("#a85500", "#ffb04d"),
    "not known": ("#6b6b6b", "#b0b0b0"),
    "nothing to check": ("#5b5b9a", "#b9b3ee"),
}
#: Text and ground.
INK = {
    "ground": ("#ffffff", "#16181c"),
    "raised": ("#f4f5f7", "#22252b"),
    "text": ("#1a1c20", "#eceef2"),
    "muted": ("#555a62", "#aab0ba"),
    "line": ("#7c828c", "#8b919c"),
    "faint": ("#c9cdd4", "#43484f"),
    "link": ("#0b57b0", "#8ab8ff"),
    "chosen": ("#0b57b0", "#8ab8ff"),
}


def css_class(word: str) -> str:
    """A word or phrase as a name in the style sheet."""
    return word.replace(" ", "-")


def _variables(theme: int) -> str:
    named = [(f"fill-{word.value}", colours) for word, colours in FILLS.items()]
    named += [(f"border-{name}", colours) for name, colours in BORDERS.items()]
    named += list(INK.items())
    return " ".join(f"--{css_class(name)}: {colours[theme]};" for name, colours in named)


def _rules() -> str:
    fills = (css_class(word.value) for word in FILLS)
    borders = map(css_class, BORDERS)
    return "\n".join(
        [
            *(f".s-{name} {{ --fill: var(--fill-{name}); }}" for name in fills),
            *(f".p-{name} {{ --border: var(--border-{name}); }}" for name in borders),
        ]
    )


STYLE = f"""
:root {{ color-scheme: light dark; {_variables(0)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_variables(1)} }} }}
{_rules()}
* {{ box-sizing: border-box; }}
body {{ margin: 0; overflow-wrap: anywhere; background: var(--ground); color: var(--text); line-height: 1.45;
  font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif; }}
header, footer {{ padding: .8rem 1.2rem; }}
h1 {{ margin: 0 0 .2rem; font-size: 1.5rem; }}
h2 {{ margin: 0 0 .3rem; font-size: 1.25rem; }}
h3 {{ margin: 1.3rem 0 .4rem; font-size: 1rem; padding-bottom: .15rem;
  border-bottom: 1px solid var(--line); }}
h4 {{ margin: .8rem 0 .2rem; font-size: .9rem; }}
p, ul {{ margin: .4rem 0; }}
ul {{ padding-left: 1.2rem; }}
a {{ color: var(--link); }}
article:focus {{ outline: none; }}
a:focus-visible, input:focus-visible, summary:focus-visible, .graph:focus-visible {{
  outline: 3px solid var(--chosen); outline-offset: 2px; }}
.muted {{ color: var(--muted); }}
.legend {{ display: flex; flex-wrap: wrap; gap: .2rem 1.8rem; margin-top: .5rem; font-size: .85rem; }}
.legend div {{ display: flex; flex-wrap: wrap; gap: .3rem .6rem; align-items: center; }}
.legend svg {{ vertical-align: middle; }}
.badge {{ display: inline-block; padding: 0 .45rem; border-radius: .3rem; border: 1px solid var(--line);
  background: var(--fill, var(--ground)); color: var(--text); white-space: nowrap; }}
.badge.printed {{ border: 3px solid var(--border); }}
main {{ border-top: 1px solid var(--line); }}
.graph {{ overflow: auto; max-height: 65vh; background: var(--raised);
  border-bottom: 1px solid var(--line); }}
.graph svg {{ display: block; margin: 0 auto; }}
main:has(.fit:checked) .graph svg {{ width: 100%; height: auto; max-height: 100%; }}
.tools {{ padding: .3rem 1.2rem; display: flex; flex-wrap: wrap; gap: .2rem .9rem; font-size: .85rem; }}
.tools fieldset {{ display: contents; }}
.tools fieldset[hidden] {{ display: none; }}
.tools legend {{ float: left; padding: 0; }}
.panels {{ padding: .8rem 1.2rem 3rem; max-width: 60rem; min-width: 0; }}
.panels > * {{ scroll-margin-top: .6rem; }}
.panels:has(:target) > :not(:target) {{ display: none; }}
.panels:not(:has(:target)) > article {{ display: none; }}
.table {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .85rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }}
tr + tr > td {{ border-top: 1px solid var(--raised); }}
th, td.name {{ white-space: nowrap; }}
td:not(.name) {{ min-width: 5rem; overflow-wrap: break-word; }}
pre {{ background: var(--raised); padding: .6rem; margin: .4rem 0; overflow-x: auto; font-size: .82rem;
  font-family: ui-monospace, "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
blockquote {{ margin: .4rem 0; padding: .1rem 0 .1rem .8rem; border-left: 4px solid var(--line);
  font-family: Georgia, "DejaVu Serif", serif; }}
.formula {{ overflow-x: auto; overflow-y: hidden; padding: .5rem 0; font-size: 1.1rem; }}
details {{ margin: .3rem 0; }}
.node text {{ fill: var(--text); text-anchor: middle; font-size: 12px; font-weight: 600; }}
.node text.word {{ font-size: 10px; font-weight: 400; }}
.shape {{ fill: var(--fill); stroke: var(--border); stroke-width: 2.5; }}
.node:hover .shape {{ stroke-width: 4; }}
.node:focus {{ outline: none; }}
.node:focus-visible .halo, .node.chosen .halo {{ stroke: var(--chosen); }}
.halo {{ fill: none; stroke: none; stroke-width: 3.5; }}
.node.near .shape {{ stroke-width: 4; }}
.line {{ fill: none; stroke: var(--line); stroke-width: 1.3; }}
.assumes .line {{ stroke-dasharray: 5 4; }}
.head {{ fill: var(--line); }}
.marked .edge:not(.on) .line {{ stroke: var(--faint); }}
.marked .edge:not(.on) .head {{ fill: var(--faint); }}
.edge.on .line {{ stroke: var(--chosen); stroke-width: 2.5; }}
.edge.on .head {{ fill: var(--chosen); }}
.graph .off {{ opacity: .12; }}
tr.off {{ display: none; }}
@media (min-width: 72rem) {{
  main {{ display: grid; grid-template-columns: minmax(0, 3fr) minmax(26rem, 2fr); }}
  .view {{ position: sticky; top: 0; height: 100vh; display: flex; flex-direction: column;
    border-right: 1px solid var(--line); }}
  .graph {{ flex: 1; max-height: none; border: 0; }}
}}
@media print {{
  .panels > article {{ display: block !important; break-inside: avoid; }}
  .graph {{ max-height: none; overflow: visible; }} .graph svg {{ width: 100%; height: auto; }}
}}
"""

#: Marks the chosen claim and its neighbours, and filters by status. Links and panels work without it.
SCRIPT = """
"use strict";
const graph = document.querySelector(".graph");
const nodes = new Map([...graph.querySelectorAll(".node")].map((node) => [node.dataset.id, node]));
const edges = [...graph.querySelectorAll(".edge")];
const first = graph.querySelector(".node");
const title = document.title;

function chosenId() {
  try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; }
}

function bringIntoView(node) {
  const box = node.getBoundingClientRect(), frame = graph.getBoundingClientRect();
  if (box.left < frame.left || box.right > frame.right)
    graph.scrollLeft += (box.left + box.right - frame.left - frame.right) / 2;
  if (box.top < frame.top || box.bottom > frame.bottom)
    graph.scrollTop += (box.top + box.bottom - frame.top - frame.bottom) / 2;
}

function mark() {
  const id = chosenId(), chosen = nodes.get(id), near = new Set();
  for (const edge of edges) {
    const on = edge.dataset.from === id || edge.dataset.to === id;
    edge.classList.toggle("on", on);
    if (on) {
      near.add(edge.dataset.from).add(edge.dataset.to);
      first.before(edge);  // above the other edges
    }
  }
  for (const [name, node] of nodes) {
    node.classList.toggle("chosen", name === id);
    node.classList.toggle("near", near.has(name));
    if (name === id) node.setAttribute("aria-current", "true"); else node.removeAttribute("aria-current");
  }
  graph.classList.toggle("marked", chosen !== undefined);
  document.title = chosen === undefined ? title : id + ": " + title;
  if (chosen !== undefined) bringIntoView(chosen);
}

const boxes = [...document.querySelectorAll(".filter input")];
function filter() {
  const shown = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const off = (id) => !shown.has(nodes.get(id)?.dataset.status);
  for (const one of document.querySelectorAll(".graph .node, tr[data-id]"))
    one.classList.toggle("off", off(one.dataset.id));
  for (const edge of edges)
    edge.classList.toggle("off", off(edge.dataset.from) || off(edge.dataset.to));
}
for (const box of boxes) box.addEventListener("change", filter);
for (const hidden of document.querySelectorAll(".filter")) hidden.hidden = false;
addEventListener("hashchange", mark);
filter();
mark();
"""
