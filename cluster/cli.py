"""`miaodai`: every command. Each reads the settings, does one thing, and says what went wrong in one line.

Exit codes: 0 done; 1 the check failed (a breach, a demo that did not come out); 2 it could not be done (settings,
usage, a server that does not answer); 130 interrupted.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cluster.cli_bank import bank
from cluster.cli_books import books
from cluster.cli_config import config
from cluster.cli_eod import eod
from cluster.cli_generate import generate
from cluster.cli_lpr import lpr
from cluster.cli_product import product
from cluster.cli_schedule import schedule
from cluster.cli_verify import verify
from cluster.failures import Failure, explained
from cluster.settings_load import load

app = typer.Typer(
    help="秒贷：省级农信联合平台的线上个人消费贷款系统。\n\nmiaodai: online consumer lending for many banks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(bank, name="bank")
app.add_typer(config, name="config")
app.add_typer(product, name="product")
app.add_typer(lpr, name="lpr")
app.add_typer(eod, name="eod")
app.add_typer(books, name="books")
app.command("verify")(verify)
app.command("generate")(generate)
app.command("schedule")(schedule)

Config = Annotated[str | None, typer.Option("--config", "-c", help="设置文件 settings file (TOML)；默认 miaodai.toml")]


@app.command()
def up(
    settings_file: Config = None,
    business_date: Annotated[str, typer.Option(help="首次装载法人时的营业日期 first business date, YYYY-MM-DD")] = "",
) -> None:
    """启动全部服务直到 Ctrl-C，数据保留 · serve until Ctrl-C; data survives in data_dir."""
    from cluster.up import serve

    serve(load(settings_file), business_date)


@app.command()
def demo(
    settings_file: Config = None,
    applicants: Annotated[int, typer.Option(min=8, max=1000, help="申请人数 how many applicants")] = 200,
    months: Annotated[int, typer.Option(min=1, max=24, help="经过的月数 months to pass")] = 12,
    seed: Annotated[int, typer.Option(help="随机种子 seed")] = 7,
    keep: Annotated[Path | None, typer.Option(help="把数据留在该目录 keep the data in this folder")] = None,
) -> None:
    """四家法人、200名申请人、十二个月的完整演示 · the whole story; the last line is one JSON object."""
    from cluster.demo.run import run

    if not run(load(settings_file), count=applicants, months=months, seed=seed, keep=keep):
        raise typer.Exit(1)


@app.command()
def migrate(
    settings_file: Config = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出 only list")] = False,
) -> None:
    """升级数据库结构（只进不退） · bring the schema up to date, forward only."""
    import asyncio

    from storage.migrate import migrate as apply

    url = load(settings_file).database.url
    if not url:
        raise Failure("未设置 MIAODAI_DATABASE_URL；内置数据库在启动时自动升级 embedded servers migrate by themselves")
    names = asyncio.run(apply(url, dry_run))
    for name in names:
        typer.echo(f"{'待执行 to apply' if dry_run else '已执行 applied'} {name}")
    if not names:
        typer.echo("已是最新 up to date")


@app.command()
def status(settings_file: Config = None) -> None:
    """运行中的主机、分片、隔离对象 · hosts, shards, actors in quarantine of a running miaodai."""
    from cluster.cli_status import show_status

    show_status(load(settings_file))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """性能测试，参数原样传给 bench · benchmarks; arguments go to `python -m bench` as they are."""
    import subprocess

    raise typer.Exit(subprocess.run([sys.executable, "-m", "bench", *context.args], check=False).returncode)


def main() -> None:
    """The console script: known failures become one line on stderr and exit code 2."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        text = explained(error)
        if text is None:
            raise
        print(f"错误 error: {text}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
