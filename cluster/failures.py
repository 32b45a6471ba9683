"""Which exceptions are a person's to mend, and what to tell them; any other is a bug and keeps its traceback."""


class Failure(Exception):
    """A command cannot be carried out; the text says why, for the person at the terminal."""


def explained(error: BaseException) -> str | None:
    """One line for a known failure, None for a bug. (Imports here: only a failure needs them.)"""
    import aiohttp
    import asyncpg

    from cluster.bank_checks import BadBankConfig
    from cluster.deploy import NotReady
    from cluster.settings_load import SettingsError
    from storage.banks import DateGoesBack
    from storage.contract import StoreError
    from storage.embedded import EmbeddedError
    from storage.migrate import MigrationError
    from storage.postgres import UnsafeServer

    match error:
        case Failure() | SettingsError() | MigrationError() | EmbeddedError() | BadBankConfig() | UnsafeServer():
            return str(error)
        case NotReady():
            return f"未能就绪 not ready: {error}"
        case DateGoesBack():
            return f"营业日期只能前进 a business date may only advance: {error}"
        case asyncpg.InvalidCatalogNameError() | asyncpg.UndefinedTableError():
            return f"不是秒贷的数据库（未升级？） not a miaodai database (migrated?): {error}"
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | StoreError():
            return f"数据库错误 database: {type(error).__name__}: {error}"
        case aiohttp.ClientError():
            return f"对方没有应答 no answer: {error}"
        case OSError():
            return f"连接或文件错误 connection or file: {error.strerror or error}"
    return None
