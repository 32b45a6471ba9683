"""docs/codes.md, made from actors/codes.py: ``python -m protocols.code_table docs/codes.md`` writes it anew.

A test fails when the page in the repository is not what this makes.
"""

import sys
from pathlib import Path

from actors.codes import Code
from protocols.problems import WHAT_TO_DO, esb_code, http_status

_GROUPS = (
    (1000, "报文", "messages"),
    (2000, "凭证与权限", "credentials"),
    (3000, "运行", "runtime"),
    (4000, "客户与额度", "customer and line"),
    (5000, "产品与金额", "products and amounts"),
    (6000, "借据", "loan"),
    (7000, "流程", "process"),
    (8000, "外部系统", "outside systems"),
    (9000, "账务与日终", "books and day's end"),
)

_HEAD = """# 错误码 · Codes

由 `actors/codes.py` 生成，请勿手改：`python -m protocols.code_table docs/codes.md`。
Made from `actors/codes.py`; do not edit by hand.

同一错误在两个前端编码一致：REST 的问题文档（RFC 9457）用 `code` 和 `number`，ESB 用 `RET_CODE`（MD 加四位号）。
编码一经发布不再改义。业务拒绝与成功一样落库：重发原流水号得到同一结果；1xxx、2xxx 与 429、503 不落库。

Both fronts use the same codes: REST shows `code` and `number` in its RFC 9457 problem, the ESB returns `RET_CODE`. A
code never changes its meaning. Business refusals are stored like successes, so the same id gets the same answer; 1xxx,
2xxx, 429 and 503 are not stored.
"""


def render() -> str:
    """The whole page."""
    lines = [_HEAD]
    for start, zh, en in _GROUPS:
        lines.append(f"\n## {start // 1000}xxx {zh} · {en}\n")
        lines.append("| 错误码 code | ESB | HTTP | 含义 | meaning | 怎么办 | what to do |")
        lines.append("| --- | --- | --- | --- | --- | --- | --- |")
        for code in sorted((c for c in Code if c.number // 1000 == start // 1000), key=lambda c: c.number):
            do_zh, do_en = WHAT_TO_DO[code.sort]
            cells = (f"`{code.word}`", esb_code(code), str(http_status(code)), code.zh, code.en, do_zh, do_en)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
