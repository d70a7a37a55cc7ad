"""Pages that are wrong in one place are found out."""

from __future__ import annotations

from pathlib import Path

import pytest
from quickjs import JSException

from tests.docs_blocks.commands import shows, smaller
from tests.docs_blocks.fences import Block, blocks_of, commands_of
from tests.docs_blocks.test_pages import follow, posix

GOOD = """# A page

Some code, in a list:

1. Write

   ```python
   # my_double.py
   def double(x):
       return 2 * x
   ```

2. and use it.

   ```console
   $ python -c '
   from my_double import double
   print(double(2))'
   4
   $ proofcheck --version
   ...
   $ reductions sizes --to 8
   $ cd /
   ```

```python
print(1 + 1)  # 2
```

```sh
.venv/bin/pip install -q '.[docs]' && OPENBLAS_NUM_THREADS=1 python -m pytest -m slow -n 2 tests  # all
python benchmarks/gradient.py --quick
```

```toml
[tool]
a = 1
```

```yaml
jobs: {check: {steps: [{run: proofcheck verify --quiet}]}}
```

```json
[1]
```

```math
x^2
```

```py
return_value = 1
```

```text
1 claim: 1 proved
```
"""


@posix
def test_a_good_page_is_followed(tmp_path: Path) -> None:
    done = _follow(tmp_path, GOOD)
    assert done == ["python", "proofcheck", "reductions"]
    assert Block("python", "# my_double.py\ndef double(x):\n    return 2 * x\n", 7) in blocks_of(
        tmp_path / "page.md"
    )


def _follow(directory: Path, text: str) -> list[str]:
    """The programs that were run."""
    (directory / "page.md").write_text(text, encoding="utf-8")
    (directory / "home").mkdir()
    page = follow(directory / "page.md", directory / "home")
    return [command.split()[0] for command in page.terminal.ran]


@posix
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("print(1 + 1)  # 2", "print(1 + 1)  # 3"),
        ("print(1 + 1)  # 2", "print(1 + 1)"),
        ("print(double(2))'\n   4", "print(double(2))'\n   5"),
        ("return 2 * x", "return 2 * y"),
        ("sizes --to 8", "sizes --from 8"),
        ("sizes --to 8", "sizes --to 1"),
        ("sizes --to 8", "size --to 8"),
        ("$ reductions sizes --to 8", "$ nosuchprogram"),
        ("$ cd /", "$ cd nowhere"),
        ("# my_double.py\n", "# unused.py\n"),
        ("'.[docs]'", "'.[nosuch]'"),
        ("'.[docs]'", "another"),
        ("-m slow", "-m fast"),
        ("-n 2 tests", "-n 2 nowhere"),
        ("gradient.py --quick", "gradient.py --nosuch"),
        ("benchmarks/gradient.py", "benchmarks/nosuch.py"),
        ("python benchmarks/gradient.py --quick", "make all"),
        ("a = 1", "a = "),
        ("verify --quiet", "verify --silent"),
        ("[1]", "[1"),
        ("x^2", "x^{2"),
        ("return_value = 1", "return_value ="),
        ("1 claim: 1 proved", "$ proofcheck verify"),
        ("```json", "```unknown"),
        ("```json", "```"),
    ],
)
def test_a_damaged_page_is_found_out(tmp_path: Path, old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises((AssertionError, NameError, SyntaxError, ValueError, JSException)):
        _follow(tmp_path, GOOD.replace(old, new, 1))


def test_what_is_run_smaller_keeps_its_options() -> None:
    assert smaller("proofcheck verify --format json -o a.json 2>/dev/null; echo") == (
        "proofcheck verify --format json -o a.json --claim fact:3.8 --jobs 1 2>/dev/null; echo"
    )
    assert smaller("proofcheck gradient --demo n=131072 d=8") == "proofcheck gradient --demo n=512 d=8"
    assert smaller("proofcheck verify --claim lem:C.7") == "proofcheck verify --claim lem:C.7"


def test_output_is_compared_in_order() -> None:
    assert shows("a\nb  \nc\n", ("a", "...", "c"))
    assert not shows("a\nb\n", ("b", "a"))
    assert not shows("a\n", ("a", "a"))


def test_a_prompt_is_needed() -> None:
    with pytest.raises(AssertionError, match="before any command"):
        commands_of(Block("console", "proofcheck verify\n", 1))
    (command,) = commands_of(Block("console", "$ echo a \\\n  b\na b\n", 1))
    assert (command.text, command.shown) == ("echo a \\\n  b", ("a b",))
