"""The control port: HTTP on loopback, where tests, the demo and people set faults, dates and money and read the books.

| method and path | body or query | does or gives |
| --- | --- | --- |
| GET /healthz | | ``{"ok": true}`` |
| POST /faults | a `Fault` | sets a rule |
| GET /faults | | the rules in force |
| DELETE /faults | ?system= | lifts the rules of one system or all |
| POST /core/date | bank ("*" all), date | the accounting date |
| GET /core/date | ?bank= | the accounting date |
| POST /core/deposit | bank, account, amount_fen | money into an account |
| POST /core/deposits | deposits: list of the former | many at once |
| POST /core/defaults | auto_create, default_balance_fen | unknown accounts |
| POST /core/mark | bank, account, frozen, closed | freezes, closes |
| POST /core/mode | bank, mode | instructed, core_calculated, gl_summary |
| POST /core/close | bank, date | no daily voucher for it any more |
| POST /core/collect | bank, account, amount_fen, consumer | a repayment that the core starts: its date and serial |
| GET /core/ledger | ?bank=&date=&consumer= | that system's ledger by account |
| GET /core/ledger.csv | the same | the ledger file |
| POST /core/ledger-file | bank, date, folder, consumer | writes the ledger file into a folder; its path |
| GET /core/balance | ?bank=&account= | balance_fen, frozen, closed |
| GET /core/loans | ?bank= | the core's loan ledger |
| GET /core/trial_balance | | accounts by bank, breaches (empty when sound) |
| GET /received | ?system=&bank= | instruction, received, applied (the core: also sums, status, date, serial) |
| GET /messages | | messages arrived by system |
| POST /bureau/preset | identity ("*"), report (null lifts it) | |
| POST /risk/preset | identity ("*"), assessment (null lifts it) | |
| GET /sms/sent | ?phone= | messages sent |
| POST /reset | | empties all books, lifts all faults |
"""

import datetime
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from aiohttp import web
from msgspec import Struct

from sandbox.bureau import Report
from sandbox.core.audit import breaches, loan_rows
from sandbox.core.booking import CoreRefusal
from sandbox.core.ledger import DayRow
from sandbox.core.ledger_file import as_csv, row_of, write_file
from sandbox.faults import Fault
from sandbox.risk import Assessment
from sandbox.town import SYSTEMS, Sandbox


class SetDate(Struct, kw_only=True, forbid_unknown_fields=True):
    bank: str = "*"
    date: datetime.date


class DepositMoney(Struct, kw_only=True, forbid_unknown_fields=True):
    bank: str
    account: str
    amount_fen: int


class DepositMany(Struct, kw_only=True, forbid_unknown_fields=True):
    deposits: list[DepositMoney]


class SetDefaults(Struct, kw_only=True, forbid_unknown_fields=True):
    auto_create: bool = True
    default_balance_fen: int = 0


class MarkAccount(Struct, kw_only=True, forbid_unknown_fields=True):
    bank: str
    account: str
    frozen: bool | None = None
    closed: bool | None = None


class SetMode(Struct, kw_only=True, forbid_unknown_fields=True):
    bank: str
    mode: str


class Collect(Struct, kw_only=True, forbid_unknown_fields=True):
    bank: str
    account: str
    amount_fen: int
    consumer: str = "MIAODAI"


class WriteLedgerFile(Struct, kw_only=True, forbid_unknown_fields=True):
    bank: str
    date: datetime.date
    folder: str
    consumer: str = "MIAODAI"


class PresetReport(Struct, kw_only=True, forbid_unknown_fields=True):
    identity: str
    report: Report | None


class PresetAssessment(Struct, kw_only=True, forbid_unknown_fields=True):
    identity: str
    assessment: Assessment | None


class Control:
    """The control port of one `Sandbox`."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self._runner: web.AppRunner | None = None

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> int:
        application = web.Application(client_max_size=1 << 24)
        for (method, path), handler in self._routes().items():
            application.router.add_route(method, path, _answering(handler))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound: int = self._runner.addresses[0][1]
        self.box.ports.control = bound
        return bound

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _routes(self) -> dict[tuple[str, str], Callable[[web.Request], Awaitable[object]]]:
        return {
            ("GET", "/healthz"): self._healthz,
            ("POST", "/faults"): self._set_fault,
            ("GET", "/faults"): self._list_faults,
            ("DELETE", "/faults"): self._clear_faults,
            ("POST", "/core/date"): self._set_date,
            ("GET", "/core/date"): self._date,
            ("POST", "/core/deposit"): self._deposit,
            ("POST", "/core/deposits"): self._deposits,
            ("POST", "/core/defaults"): self._defaults,
            ("POST", "/core/mark"): self._mark,
            ("POST", "/core/mode"): self._set_mode,
            ("POST", "/core/close"): self._close_date,
            ("POST", "/core/collect"): self._collect,
            ("GET", "/core/ledger"): self._ledger,
            ("GET", "/core/ledger.csv"): self._ledger_file,
            ("POST", "/core/ledger-file"): self._write_ledger_file,
            ("GET", "/core/balance"): self._balance,
            ("GET", "/core/loans"): self._loans,
            ("GET", "/core/trial_balance"): self._trial_balance,
            ("GET", "/received"): self._received,
            ("GET", "/messages"): self._messages,
            ("POST", "/bureau/preset"): self._preset_report,
            ("POST", "/risk/preset"): self._preset_assessment,
            ("GET", "/sms/sent"): self._sent,
            ("POST", "/reset"): self._reset,
        }

    async def _healthz(self, request: web.Request) -> object:
        return {"ok": True}

    async def _set_fault(self, request: web.Request) -> object:
        await self.box.set_fault(msgspec.json.decode(await request.read(), type=Fault))
        return self.box.faults.listed()

    async def _list_faults(self, request: web.Request) -> object:
        return self.box.faults.listed()

    async def _clear_faults(self, request: web.Request) -> object:
        await self.box.clear_faults(request.query.get("system", ""))
        return self.box.faults.listed()

    async def _set_date(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=SetDate)
        self.box.core.set_date(wanted.bank, wanted.date.isoformat())
        return {"date": self.box.core.date(wanted.bank)}

    async def _date(self, request: web.Request) -> object:
        return {"date": self.box.core.date(request.query.get("bank", "*"))}

    async def _deposit(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=DepositMoney)
        return {"balance_fen": self.box.core.deposit(wanted.bank, wanted.account, wanted.amount_fen)}

    async def _deposits(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=DepositMany)
        for one in wanted.deposits:
            self.box.core.deposit(one.bank, one.account, one.amount_fen)
        return {"deposits": len(wanted.deposits)}

    async def _defaults(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=SetDefaults)
        books = self.box.core.books
        books.auto_create, books.default_balance_fen = wanted.auto_create, wanted.default_balance_fen
        return wanted

    async def _mark(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=MarkAccount)
        self.box.core.mark(wanted.bank, wanted.account, frozen=wanted.frozen, closed=wanted.closed)
        return self.box.core.account(wanted.bank, wanted.account)

    async def _set_mode(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=SetMode)
        self.box.core.set_mode(wanted.bank, wanted.mode)
        return {"mode": self.box.core.mode(wanted.bank)}

    async def _close_date(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=SetDate)
        self.box.core.close_date(wanted.bank, wanted.date.isoformat())
        return {"closed": wanted.date}

    async def _collect(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=Collect)
        try:
            date, serial = self.box.core.collect(wanted.bank, wanted.account, wanted.amount_fen, wanted.consumer)
        except CoreRefusal as refusal:
            raise ValueError(refusal.code) from None
        return {"core_date": date, "core_serial": serial}

    async def _ledger(self, request: web.Request) -> object:
        return [row_of(row) for row in self._ledger_rows(request)]

    async def _ledger_file(self, request: web.Request) -> object:
        return web.Response(text=as_csv(self._ledger_rows(request)), content_type="text/csv")

    async def _write_ledger_file(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=WriteLedgerFile)
        date = wanted.date.isoformat()
        path = write_file(self.box.core.books, Path(wanted.folder), wanted.bank, date, wanted.consumer)
        return {"path": str(path)}

    def _ledger_rows(self, request: web.Request) -> list[DayRow]:
        query = request.query
        date = datetime.date.fromisoformat(query["date"]).isoformat()
        return self.box.core.books.ledger.day_rows(query["bank"], date, query.get("consumer", "MIAODAI"))

    async def _balance(self, request: web.Request) -> object:
        held = self.box.core.account(request.query["bank"], request.query["account"])
        if held is None:
            raise KeyError("account")
        return held

    async def _loans(self, request: web.Request) -> object:
        return loan_rows(self.box.core.books, request.query.get("bank", ""))

    async def _trial_balance(self, request: web.Request) -> object:
        books = self.box.core.books
        return {"banks": books.ledger.trial_balance(), "breaches": breaches(books)}

    async def _received(self, request: web.Request) -> object:
        system = request.query["system"]
        if system not in SYSTEMS:
            raise KeyError(system)
        return self.box.received(system, request.query.get("bank", ""))

    async def _messages(self, request: web.Request) -> object:
        return self.box.messages()

    async def _preset_report(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=PresetReport)
        self.box.bureau.presets.pop(wanted.identity, None)
        if wanted.report is not None:
            self.box.bureau.presets[wanted.identity] = wanted.report
        return wanted

    async def _preset_assessment(self, request: web.Request) -> object:
        wanted = msgspec.json.decode(await request.read(), type=PresetAssessment)
        self.box.risk.presets.pop(wanted.identity, None)
        if wanted.assessment is not None:
            self.box.risk.presets[wanted.identity] = wanted.assessment
        return wanted

    async def _sent(self, request: web.Request) -> object:
        phone = request.query.get("phone", "")
        return [message for message in self.box.sms.sent if phone in ("", message.phone)]

    async def _reset(self, request: web.Request) -> object:
        await self.box.reset()
        return {"ok": True}


def _answering(handler: Callable[[web.Request], Awaitable[object]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler's value as JSON; what it cannot read or find as 400 or 404."""

    async def answer(request: web.Request) -> web.Response:
        try:
            status, value = 200, await handler(request)
        except KeyError as error:
            status, value = 404, {"not_found": str(error)}
        except ValueError as error:
            status, value = 400, {"bad_request": str(error)}
        if isinstance(value, web.Response):
            return value
        return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")

    return answer
