"""`miaodai generate`: a book of any size into a database that holds none; verify and the day's end take it like any."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from cluster.cli_bank import Config, parsed_date
from cluster.cli_progress import progress_bar
from cluster.failures import Failure
from cluster.logs import setup_logs
from cluster.running import find_running
from cluster.secrets import master_key
from cluster.settings import Settings
from cluster.settings_load import load

if TYPE_CHECKING:
    from actors.bank import BankTerms
    from cluster.generate.generate import Order

STEPS = {"live": "生成样板 lives", "copy": "写入 writing", "index": "建索引 indexes", "ready": "提交 commit"}


def generate(
    loans: Annotated[int, typer.Option(help="借据总数 how many loans")] = 10_000,
    bank: Annotated[list[str] | None, typer.Option(help="法人代码，可多次 a bank's code, repeatable；默认全部")] = None,
    product: Annotated[list[str] | None, typer.Option(help="产品代码，可多次 a product's code, repeatable")] = None,
    method: Annotated[list[str] | None, typer.Option(help="还款方式与权重 METHOD=WEIGHT，可多次 repeatable")] = None,
    day: Annotated[str, typer.Option("--date", help="营业日期 business date of the book, YYYY-MM-DD")] = "",
    due_share: Annotated[float, typer.Option(help="当日到期比例 share with something due that day")] = 1 / 30,
    overdue_share: Annotated[float, typer.Option(help="逾期比例 share overdue")] = 0.02,
    history: Annotated[int, typer.Option(help="长历史借据的最少事件数 events of loans with long histories")] = 0,
    history_share: Annotated[float, typer.Option(help="长历史借据比例 share of such loans")] = 0.01,
    seed: Annotated[int, typer.Option(help="随机种子 seed: the same seed, the same book")] = 1,
    append: Annotated[bool, typer.Option("--append", help="追加到已有账簿 add to a book that is there")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只报告不写入 tell, write nothing")] = False,
    json: Annotated[bool, typer.Option("--json", help="输出一行JSON one line of JSON")] = False,
    url: Annotated[str, typer.Option("--database-url", help="数据库 postgresql://...；默认取自设置或data_dir")] = "",
    settings_file: Config = None,
) -> None:
    """生成任意规模的账簿（停机时），可通过 verify · write a book of any size while nothing serves the database."""
    from cluster.generate.generate import Order

    setup_logs(quiet=True)
    settings = load(settings_file)
    order = Order(
        loans=loans,
        on=parsed_date(day) if day else date.today(),
        due_share=due_share,
        overdue_share=overdue_share,
        methods=weights(method or []),
        products=tuple(product or ()),
        history=history,
        history_share=history_share,
        seed=seed,
    )
    banks = chosen(bank or [])
    if dry_run:
        told = _dry(order, banks)
    else:
        with database(settings, url) as found:
            told = _written(found, settings, order, banks, append)
    if json:
        typer.echo(msgspec.json.encode(told).decode())
    else:
        for name, value in told.items():
            typer.echo(f"{name:12} {value:,}")


def weights(texts: list[str]) -> dict[str, int]:
    """``METHOD=WEIGHT``, each as often as wanted."""
    found = {}
    for text in texts:
        name, _, weight = text.partition("=")
        try:
            found[name] = int(weight or "1")
        except ValueError:
            raise Failure(f"应为 METHOD=WEIGHT expected: {text!r}") from None
    return found


def chosen(codes: list[str]) -> "list[BankTerms]":
    from cluster.bank_config import load_banks

    banks = load_banks()
    known = {terms.code for terms in banks}
    if unknown := [code for code in codes if code not in known]:
        raise Failure(f"没有该法人 no such bank: {', '.join(unknown)} ({', '.join(sorted(known))})")
    return [terms for terms in banks if not codes or terms.code in codes]


@contextmanager
def database(settings: Settings, url: str) -> Iterator[str]:
    """The given URL, the settings', or the embedded server of the data directory, started for as long as this takes."""
    from storage.embedded import start_embedded
    from storage.migrate import migrate

    if found := url or settings.database.url:
        yield found
        return
    if find_running(settings):
        raise Failure("服务正在运行，请先停止 miaodai is running on this data directory: stop it first")
    servers = start_embedded(Path(settings.data_dir), redis=False)
    try:
        asyncio.run(migrate(servers.database_url))
        yield servers.database_url
    finally:
        servers.stop()


def _dry(order: "Order", banks: "list[BankTerms]") -> dict[str, int | float]:
    from cluster.generate.generate import sketch
    from cluster.generate.plan import adds_up

    drawn = asyncio.run(sketch(order, banks, bytes(32), lambda *_: None))
    counts = adds_up(drawn.copies, drawn.templates)
    return {**counts, "megabytes": drawn.bytes_stored * 6 // 5 // 1_000_000}


def _written(
    url: str, settings: Settings, order: "Order", banks: "list[BankTerms]", append: bool
) -> dict[str, int | float]:
    from cluster.generate.generate import generate as write

    began = time.monotonic()
    with progress_bar(STEPS) as tell:
        written = asyncio.run(write(url, master_key(settings), order, banks, append=append, progress=tell))
    told: dict[str, int | float] = msgspec.structs.asdict(written)
    return told | {"seconds": round(time.monotonic() - began, 1)}
