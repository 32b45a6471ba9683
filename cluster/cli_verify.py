"""`miaodai verify`: the invariants on a database; 0 all hold, 1 a breach, 2 it could not be checked."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from cluster.cli_bank import Config, DatabaseUrl, database_url
from cluster.cli_progress import progress_bar
from cluster.failures import Failure
from cluster.verify.operations import Acknowledged


def verify(
    url: DatabaseUrl = "",
    bank: Annotated[str, typer.Option(help="只查一家法人 only this bank")] = "",
    json: Annotated[bool, typer.Option("--json", help="输出一行JSON one line of JSON")] = False,
    sandbox_control: Annotated[str, typer.Option(help="与沙箱账簿勾对 its control port, http://host:port")] = "",
    acknowledged: Annotated[
        Path | None, typer.Option(help="客户端已获应答的流水，每行一个JSON operations that clients were told of")
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="读取事件的进程数，0为每核一个 processes, 0: one a core")] = 0,
    settings_file: Config = None,
) -> None:
    """用独立代码检查借贷不变量，有违反则退出码为1 · check the invariants; exit code 1 on a breach."""
    heard = told(acknowledged)
    from cluster.verify.run import verify as check
    from cluster.verify.show import as_json, show

    with progress_bar() as tell:
        report = asyncio.run(
            check(
                database_url(settings_file, url),
                bank=bank,
                control=sandbox_control.rstrip("/"),
                acknowledged=heard,
                progress=tell,
                jobs=jobs,
            )
        )
    if json:
        typer.echo(as_json(report))
    else:
        show(report, Console())
    raise typer.Exit(0 if report.ok else 1)


def told(path: Path | None) -> list[Acknowledged]:
    """What a file of acknowledged operations holds, one JSON object a line; [] without a file."""
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [msgspec.json.decode(line, type=Acknowledged) for line in lines if line.strip()]
    except (OSError, msgspec.MsgspecError) as error:
        raise Failure(f"{path}: {error}") from None
