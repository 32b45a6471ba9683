"""`miaodai config show | check | channels`."""

from typing import Annotated

import typer

from cluster.secrets import channel_secret, master_key
from cluster.settings_load import environment_name, leaves, load
from cluster.settings_show import masked, to_toml

config = typer.Typer(help="查看与检查设置 · show and check the settings.", no_args_is_help=True)
Config = Annotated[str | None, typer.Option("--config", "-c", help="设置文件 settings file (TOML)")]


@config.command()
def show(
    settings_file: Config = None,
    variables: Annotated[
        bool, typer.Option("--variables", help="列出环境变量名 list the environment variables")
    ] = False,
) -> None:
    """生效的设置，密钥已遮盖 · the settings in force as TOML, secrets masked."""
    settings = load(settings_file)
    if variables:
        for keys in leaves():
            typer.echo(f"{environment_name(keys):40} {'.'.join(keys)}")
        return
    typer.echo(to_toml(masked(settings)), nl=False)


@config.command()
def check(settings_file: Config = None) -> None:
    """检查设置是否可用 · exit code 2 and the reason when they cannot be used."""
    load(settings_file)
    typer.echo("设置可用 the settings are good")


@config.command()
def channels(settings_file: Config = None) -> None:
    """各渠道的密钥，仅供对接人员 · each channel's key or token; keep it to yourself."""
    settings = load(settings_file)
    key = master_key(settings)
    for channel in settings.channels:
        typer.echo(f"{channel.id:16} {channel.kind:7} {channel_secret(key, channel)}")
