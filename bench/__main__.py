"""``python -m bench``: the raw directory, Dirbridge and any further SCIM server, in turn, round after round."""

import argparse
import asyncio
import contextlib
import datetime
import json
import os
import platform
import statistics
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import sides, stage

RESULTS = Path(__file__).parent / "results"
Figures = dict[tuple[str, int, str], list[float]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--users", type=int, default=20_000, help="people in the directory (at least 2000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each job, side and number of clients")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--job", action="append", choices=sides.JOBS, help="only this one (may be repeated)")
    parser.add_argument(
        "--against", nargs=3, action="append", default=[], metavar=("NAME", "URL", "TOKEN"),
        help="a further SCIM server; it must stand before the same directory, which --hold prints",
    )  # fmt: skip
    parser.add_argument("--hold", action="store_true", help="print where the directory is and wait for Enter")
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {RESULTS.name}/")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace, console: Console) -> Figures:
    figures: Figures = {}
    with stage.directory(arguments.users) as slapd, stage.dirbridge(slapd) as server:
        if arguments.hold:
            console.input(f"{slapd.url} {slapd.bind_dn} {slapd.password}: press Enter to go on ")
        people = sides.sample(slapd, arguments.users)
        raw = sides.Raw(slapd, people)
        servers = [sides.Scim(each, people) for each in (server, *(stage.Server(*o) for o in arguments.against))]
        for each in servers:
            await each.prepare()
        for turn in range(arguments.rounds):
            for job in arguments.job or sides.JOBS:
                for clients in arguments.clients:
                    console.print(f"round {turn + 1}: {job}, {clients} client(s)", style="dim")
                    rate = await asyncio.to_thread(raw.measure, job, clients, arguments.seconds)
                    figures.setdefault((job, clients, raw.name), []).append(rate.per_second)
                    for each in servers:
                        rate = await each.measure(job, clients, arguments.seconds)
                        figures.setdefault((job, clients, each.name), []).append(rate.per_second)
    return figures


def _machine() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.split(':')[1].strip()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _lines(figures: Figures) -> tuple[list[str], list[list[str]]]:
    names = list(dict.fromkeys(name for _, _, name in figures))
    rows = []
    for job, clients in dict.fromkeys((job, clients) for job, clients, _ in figures):
        medians = {name: statistics.median(figures[job, clients, name]) for name in names}
        ratios = [_ratio(medians["dirbridge"], medians[name]) for name in names if name != "dirbridge"]
        rows.append([job, str(clients), *(f"{medians[name]:,.0f}" for name in names), *ratios])
    heads = ["job", "clients", *(f"{name}, op/s" for name in names)]
    return heads + [f"dirbridge / {name}" for name in names if name != "dirbridge"], rows


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.2f}" if theirs else "no answer"


def main() -> None:
    """Measure, print a table, and with ``--write`` keep it."""
    arguments, console = _arguments(), Console()
    figures = asyncio.run(_run(arguments, console))
    heads, rows = _lines(figures)
    table = Table(*heads, title=f"medians of {arguments.rounds} rounds; {arguments.users:,} users; {_machine()}")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    if arguments.write:
        _keep(arguments, figures, heads, rows)


def _keep(arguments: argparse.Namespace, figures: Figures, heads: list[str], rows: list[list[str]]) -> None:
    name = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    said = f"{_machine()}; OpenLDAP, fsync on every commit, {arguments.users:,} users; medians of {arguments.rounds}"
    said += f" rounds of {arguments.seconds:g} s; client and servers on the same machine"
    table = ["| " + " | ".join(each) + " |" for each in (heads, ["---"] * len(heads), *rows)]
    (RESULTS / f"{name}.md").write_text(f"# {name}\n\n{said}.\n\n" + "\n".join(table) + "\n")
    kept = [{"job": j, "clients": c, "side": s, "per_second": rates} for (j, c, s), rates in figures.items()]
    (RESULTS / f"{name}.json").write_text(json.dumps({"machine": said, "figures": kept}, indent=1) + "\n")


if __name__ == "__main__":
    main()
