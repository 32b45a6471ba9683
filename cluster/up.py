"""`miaodai up`: everything on this machine until Ctrl-C; says where it listens and three lines to try."""

import os
import signal
import threading
from datetime import date
from pathlib import Path

import ray
from rich.console import Console

from cluster.cli_bank import parsed_date
from cluster.deploy import Deployment
from cluster.eod.hands import RayHands
from cluster.eod.timetable import Timetable
from cluster.failures import Failure
from cluster.running import Running, announce, find_running
from cluster.secrets import channel_secret, master_key
from cluster.settings import Settings

TRIAL_FRAME = (
    '<service><sys-header><data name="SYS_HEAD"><struct>'
    '<data name="SERVICE_CODE"><field>MDPD0001</field></data><data name="SERVICE_SCENE"><field>01</field></data>'
    '<data name="CONSUMER_ID"><field>{channel}</field></data><data name="LEGAL_ENTITY"><field>{bank}</field></data>'
    "<data name=\"TRAN_DATE\"><field>'$(TZ=Asia/Shanghai date +%Y%m%d)'</field></data>"
    "<data name=\"TRAN_TIMESTAMP\"><field>'$(TZ=Asia/Shanghai date +%H%M%S)'</field></data>"
    "</struct></data></sys-header><body/></service>"
)


def serve(settings: Settings, first_date: str) -> None:
    """Blocks until SIGINT or SIGTERM, then stops everything in order."""
    if find_running(settings) is not None:
        raise Failure(f"已有一个在使用该数据目录 another one uses this data_dir already: {settings.data_dir}")
    console = Console()
    data_dir = Path(settings.data_dir).resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    with console.status("启动 starting") as line:
        deployment = Deployment(
            settings,
            data_dir=data_dir,
            business_date=parsed_date(first_date) if first_date else date.today(),
            say=lambda part: line.update(f"启动 starting: {part}"),
        )
        deployment.__enter__()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # only now: Ray sets a handler of its own when it starts
        signal.signal(number, lambda *_: stopping.set())
    try:
        file = announce(data_dir, _running(deployment))
        timetable = Timetable(
            deployment.database_url, lambda: RayHands(deployment.release), settings.eod, str(data_dir / "files")
        ).start()
        _greet(deployment, console)
        stopping.wait()
        console.print("正在停止 stopping ...")
        timetable.stop()
        file.unlink(missing_ok=True)
    finally:
        deployment.stop()


def _running(deployment: Deployment) -> Running:
    control = deployment.sandbox_ports.get("control", 0)
    return Running(
        pid=os.getpid(),
        release=deployment.release,
        database_url=deployment.database_url,
        rest_urls=tuple(deployment.rest_urls),
        esb_addresses=tuple(deployment.esb_addresses),
        sandbox_control=f"http://127.0.0.1:{control}" if control else "",
        ray_address=ray.get_runtime_context().gcs_address,
        ray_token=os.environ.get("RAY_AUTH_TOKEN", ""),
        core_port=deployment.sandbox_ports.get("core", 0),
    )


def _greet(deployment: Deployment, console: Console) -> None:
    settings, rest = deployment.settings, deployment.rest_urls[0]
    host, port = deployment.esb_addresses[0]
    out = console.print
    out(f"\n[bold]秒贷已就绪 miaodai is ready[/bold] ({deployment.seconds:.1f} s)，Ctrl-C 停止 stops it\n")
    for url in deployment.rest_urls:
        out(f"  REST   {url}   文档 docs {url}/docs   {url}/openapi.json", highlight=False, soft_wrap=True)
    for address in deployment.esb_addresses:
        out(f"  ESB    {address[0]}:{address[1]}   8位长度 digits + UTF-8 XML", highlight=False)
    if deployment.sandbox_ports:
        out(f"  沙箱   sandbox control http://127.0.0.1:{deployment.sandbox_ports['control']}", highlight=False)
    out(f"  数据   data in {settings.data_dir}/，渠道密钥 channel keys: miaodai config channels\n", highlight=False)
    out("试一试 try:", highlight=False)
    for text in _lines_to_try(deployment, rest, host, port):
        print(text)
    print(flush=True)


def _lines_to_try(deployment: Deployment, rest: str, host: str, port: int) -> list[str]:
    """Shell lines that work as they are: two by curl, one raw frame through bash's own socket."""
    settings, bank = deployment.settings, "baihe"
    lines = [f"  curl -s {rest}/healthz"]
    bearer = next((channel for channel in settings.channels if channel.kind == "bearer"), None)
    if bearer is not None:
        token = channel_secret(master_key(settings), bearer)
        lines.append(f"  curl -s -H 'Authorization: Bearer {token}' -H 'X-Bank: {bank}' {rest}/v1/products")
    trial = next((channel for channel in settings.channels if channel.kind == "esb" and not channel.signed), None)
    if trial is not None:
        frame = TRIAL_FRAME.format(channel=trial.id, bank=bank)
        lines.append(
            f"  X='{frame}'; exec 3<>/dev/tcp/{host}/{port}; printf '%08d%s' ${{#X}} \"$X\" >&3; timeout 2 cat <&3"
        )
    return lines
