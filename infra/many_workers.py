"""Write the tables of infra/README.md anew: what ``artreel plan --simulate`` prints.

python -m infra.many_workers
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- artreel plan --simulate -->\n", "<!-- end -->\n"


def split(text: str) -> tuple[str, str, str]:
    """The README before its tables, they themselves, and what comes after."""
    before, rest = text.split(BEGIN)
    tables, after = rest.split(END)
    return before, tables, after


def main() -> None:
    artreel = Path(sys.executable).with_name("artreel")
    printed = subprocess.run(
        [artreel, "plan", "--simulate"], check=True, capture_output=True, text=True
    ).stdout
    before, _, after = split(README.read_text(encoding="utf-8"))
    README.write_text(f"{before}{BEGIN}{printed}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
