"""`miaodai bank load | list | date`: the banks' terms and business dates, in the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cluster.failures import Failure
from cluster.running import find_running
from cluster.settings_load import load as load_settings

if TYPE_CHECKING:
    from storage.banks import BankRow
    from storage.postgres import PostgresStore

DEFAULT_FOLDER = Path(__file__).parent / "banks"
bank = typer.Typer(help="法人与产品 · banks and their products.", no_args_is_help=True)
Config = Annotated[str | None, typer.Option("--config", "-c", help="设置文件 settings file (TOML)")]
DatabaseUrl = Annotated[
    str, typer.Option("--database-url", help="数据库 postgresql://...；默认取自设置 by default the settings'")
]


def database_url(settings_file: str | None, url: str) -> str:
    """The given URL, the settings', or that of the `miaodai up` that runs on the data directory; else `Failure`."""
    if url:
        return url
    settings = load_settings(settings_file)
    running = find_running(settings)
    found = settings.database.url or (running.database_url if running else "")
    if not found:
        raise Failure("需要数据库地址 a database is needed: --database-url 或 or MIAODAI_DATABASE_URL")
    return found


def parsed_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Failure(f"日期应为YYYY-MM-DD a date is YYYY-MM-DD: {text!r}") from None


@bank.command()
def load(
    folder: Annotated[
        Path, typer.Argument(help="法人配置目录 folder with province.toml and one folder a bank")
    ] = DEFAULT_FOLDER,
    on: Annotated[str, typer.Option("--date", help="新法人的营业日期 business date of new banks")] = "",
    url: DatabaseUrl = "",
    settings_file: Config = None,
    check: Annotated[bool, typer.Option("--check", help="只检查不装载 only check the files")] = False,
) -> None:
    """检查并装载法人配置，运行中的主机自动取用 · check and load; running hosts take it up by themselves."""
    from cluster.bank_config import load_banks

    terms = load_banks(folder)
    if check:
        typer.echo(f"{len(terms)} 家法人配置正确 banks are good")
        return
    day = parsed_date(on) if on else date.today()
    versions = asyncio.run(
        _put(database_url(settings_file, url), [(t.code, msgspec.json.encode(t)) for t in terms], day)
    )
    for code, version in versions:
        typer.echo(f"{code} 版本 version {version}")


@bank.command("list")
def list_banks(url: DatabaseUrl = "", settings_file: Config = None) -> None:
    """已装载的法人、版本、营业日期 · banks, versions, business dates."""
    table = Table("法人 bank", "名称 name", "版本 version", "营业日期 business date", "产品 products")
    for row in asyncio.run(_all(database_url(settings_file, url))):
        terms = msgspec.json.decode(row.terms)
        table.add_row(
            row.code, terms["name_zh"], str(row.version), str(row.business_date), ", ".join(terms["products"])
        )
    Console().print(table)


@bank.command("date")
def set_date(
    code: Annotated[str, typer.Argument(help="法人代码 bank code")],
    day: Annotated[str, typer.Argument(help="新的营业日期 the new business date, YYYY-MM-DD")],
    url: DatabaseUrl = "",
    settings_file: Config = None,
) -> None:
    """推进营业日期，不能后退 · advance the business date, never back."""
    try:
        epoch = asyncio.run(_advance(database_url(settings_file, url), code, parsed_date(day)))
    except KeyError:
        raise Failure(f"没有该法人 no such bank: {code}") from None
    typer.echo(f"{code} {day} (epoch {epoch})")


@asynccontextmanager
async def _store(url: str) -> "AsyncIterator[PostgresStore]":
    from storage.postgres import open_store

    store = await open_store(url)
    try:
        yield store
    finally:
        await store.close()


async def _put(url: str, terms: list[tuple[str, bytes]], day: date) -> list[tuple[str, int]]:
    async with _store(url) as store:
        return [(code, await store.put(code, raw, day)) for code, raw in terms]


async def _all(url: str) -> "list[BankRow]":
    async with _store(url) as store:
        return await store.all()


async def _advance(url: str, code: str, day: date) -> int:
    async with _store(url) as store:
        return await store.set_business_date(code, day)
