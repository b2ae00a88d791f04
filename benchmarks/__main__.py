"""Run the benchmarks and write their table to benchmarks/README.md.

python -m benchmarks            all of them
python -m benchmarks scan load  some of them; the other lines of the table stay
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import date
from importlib import import_module
from pathlib import Path

from .row import NotMeasuredError, Row

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
ABILITIES = "amx_tile", "avx512_vnni", "avx_vnni", "avx2"
"""Of processors, best first, as torch calls them."""
NOT_BENCHMARKS = {
    *("__init__", "__main__", "clones", "row", "stages", "timing"),
    *("nnunet_predictor", "on_card", "predictions"),
}
HEAD = """# Benchmarks

`python -m benchmarks` runs them all, `python -m benchmarks scan load` some. Each line is one operation of
MedSeg beside what people use for it today, run in turn in the same process on the same data. The ratio is
the median over the rounds of our time divided by the peer's, so a busy machine slows both alike; absolute
times mean little on a shared machine. A goal is the largest ratio aimed at.

| operation | ours | peer | peer's figure | ratio | goal | |
|---|---|---|---|---|---|---|
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    available = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_BENCHMARKS)
    parser.add_argument("names", nargs="*", choices=[*available, []], help="which ones; all without a name")
    names = parser.parse_args(arguments).names or available
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    missed = 0
    for name in names:
        module = import_module(f"benchmarks.{name}")
        if not hasattr(module, "rows"):
            continue
        try:
            rows: list[Row] = list(module.rows())
        except NotMeasuredError as error:
            print(f"{name} is not measured here, its lines stay as they are: {error}", flush=True)
            continue
        for row in rows:
            print("\n".join(_lines(row)), flush=True)
        missed += sum(not row.met for row in rows)
        results[name] = {"where": _where(), "rows": [asdict(row) for row in rows]}
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (HERE / "README.md").write_text(_table(results), encoding="utf-8")
    return 1 if missed else 0


def _where() -> str:
    today, python = date.today().isoformat(), platform.python_version()
    return f"{today}, {os.cpu_count()} cores{_ability()}, {platform.system()}, Python {python}"


def _ability() -> str:
    """The best of what decides how fast networks are computed on the processor."""
    import torch

    known = torch.cpu.get_capabilities()
    best = next((name for name in ABILITIES if known.get(name)), "")
    return f" with {best}" if best else ""


def _table(results: dict[str, dict[str, object]]) -> str:
    lines = [HEAD.rstrip("\n")]
    measured = []
    for name, result in sorted(results.items()):
        for row in result["rows"]:  # type: ignore[attr-defined]
            lines += _lines(Row(**row))
        measured.append(f"- `{name}`: {result['where']}")
    return "\n".join([*lines, "", "Measured:", "", *measured]) + "\n"


def _lines(row: Row) -> list[str]:
    """The row as lines of a table, one for each peer."""
    what = f"{row.what} ({row.note})" if row.note else row.what
    lines = []
    for peer, figure in row.peers.items() or [("", None)]:
        ratio, goal = row.ratios.get(peer), row.goal.get(peer)
        verdict = "" if goal is None or ratio is None else ("met" if ratio <= goal else "missed")
        cells = [
            what,
            _figure(row.ours_s, row.unit),
            peer,
            _figure(figure, row.unit),
            "" if ratio is None else f"{ratio:.3g}",
            "" if goal is None else f"{goal:g}",
            verdict,
        ]
        lines.append("| " + " | ".join(cells) + " |")
        what = ""
    return lines


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit != "s":
        return f"{value:,.0f} {unit}"
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.3g} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
