"""`miaodai lpr load | show`: the published LPR grows by file and reaches running hosts by itself."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from cluster.cli_bank import Config, DatabaseUrl
from cluster.cli_product import at_desk

if TYPE_CHECKING:
    from cluster.proposals import TermsDesk

lpr = typer.Typer(help="LPR 贷款市场报价利率 · the published LPR.", no_args_is_help=True)


@lpr.command()
def load(
    file: Annotated[Path, typer.Argument(help="CSV：date,tenor,rate，如 e.g. 2026-03-20,1Y,0.0300")],
    by: Annotated[str, typer.Option("--by", help="经办人工号，默认系统用户 staff id, default this user")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查 only check")] = False,
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """装载新公布的LPR；已公布的不变 · load publications; what is published never changes."""
    from cluster.lpr import odd_rows, read_lpr

    read = read_lpr(file)

    async def work(desk: "TermsDesk") -> None:
        known = await desk.known_lpr()
        new = await desk.load_lpr(read, by or getpass.getuser(), dry_run)
        console = Console()
        for text in odd_rows(known, new):
            console.print(f"注意 note: {text}", highlight=False, soft_wrap=True)
        done = "将装载 would load" if dry_run else "已装载 loaded"
        for day, tenor, rate in new:
            console.print(f"{done} {day} {tenor} {rate}", highlight=False, soft_wrap=True)
        if not new:
            console.print("没有新公布的LPR nothing new")

    at_desk(settings_file, url, work)


@lpr.command()
def show(
    all_rows: Annotated[bool, typer.Option("--all", help="全部，默认近一年 all, not only the last year")] = False,
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """已公布的LPR及来源 · what is published, and who loaded it."""

    async def work(desk: "TermsDesk") -> None:
        by = {(row.published, row.tenor): row for row in await desk.proposals.lpr()}
        known = await desk.known_lpr()
        table = Table("公布日 published", "期限 tenor", "利率 rate", "装载 loaded by")
        for day, tenor, rate in known if all_rows else known[-24:]:
            row = by.get((day, tenor))
            who = f"{row.loaded_by} {row.loaded_at.astimezone():%Y-%m-%d %H:%M}" if row else "配置 configuration"
            table.add_row(str(day), tenor, f"{rate * 100:.2f}%", who)
        Console().print(table)

    at_desk(settings_file, url, work)
