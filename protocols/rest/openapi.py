"""The OpenAPI 3.1 document, made from the table of operations and the message types; and its readable page.

Served at ``/openapi.json`` and ``/docs`` by protocols/rest/app.py.
"""

from functools import cache
from importlib import resources
from typing import Any

import msgspec

from actors.codes import Code
from protocols.decoding import FORMS, Form
from protocols.operations import OPERATIONS, Row
from protocols.problems import STATUS, esb_code, http_status

_REF = "#/components/schemas/"
_ERRORS = tuple(sorted(STATUS.values()))
_TAGS = (
    ("customers", "客户", "customers"),
    ("applications", "用信申请", "applications"),
    ("processes", "业务流程", "processes"),
    ("loans", "借据", "loans"),
    ("products", "产品", "products"),
)

_DESCRIPTION = """秒贷渠道接口。金额单位为分，日期为 yyyy-MM-dd，利率为年利率小数文本。
每个交易类请求必须带 `Idempotency-Key`；同号同内容得到同一结果，同号不同内容得到 `operation_mismatch`。
Channel interface of miaodai. Sums in fen, dates ISO, rates per year as decimal text. Commands need an
`Idempotency-Key`: same key and content, same result; same key and other content, `operation_mismatch`.

签名 / signature: `X-Signature` = hex HMAC-SHA256 of the lines (joined by LF) `MD1`, method, path?query, `X-Channel`,
`X-Bank`, `X-Timestamp` (ms), `X-Nonce`, `Idempotency-Key`, hex SHA-256 of the body; or a bearer token."""

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem；错误码见 docs/codes.md",
    "required": ["type", "title", "title_zh", "status", "detail", "code", "number", "what_to_do", "what_to_do_zh"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "title_zh": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "错误码 · the stable code word"},
        "number": {"type": "integer", "description": "错误号 · the number the ESB returns as MDnnnn"},
        "what_to_do": {"type": "string"},
        "what_to_do_zh": {"type": "string"},
        "facts": {"type": "object", "description": "字段路径等 · field path, sums"},
        "retry_after_s": {"type": "integer"},
        "retry_same_id": {"type": "boolean"},
    },
}


def _header(name: str, description: str, *, required: bool, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": schema or {"type": "string"},
    }


_BANK = _header(
    "X-Bank", "法人代码 · the bank", required=True, schema={"type": "string", "minLength": 1, "pattern": "^[!-~]+$"}
)
_KEY = _header(
    "Idempotency-Key",
    "流水号，同号重发得到同一结果 · operation id",
    required=True,
    schema={"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[0-9A-Za-z_-]+$"},
)
_PREFER = _header(
    "Prefer",
    "wait=N：最多等候 N 秒 · wait up to N seconds for the end (RFC 7240)",
    required=False,
    schema={"type": "string", "pattern": "^wait=[0-9]{1,2}$"},
)


@cache
def openapi_bytes() -> bytes:
    """The document as served."""
    return msgspec.json.encode(openapi_document())


def openapi_document() -> dict[str, Any]:
    """The whole document; a plain dict ready for JSON."""
    types = [form.body_type for form in FORMS.values() if form.body_fields]
    types += [form.outside_type for form in FORMS.values()]
    types += [row.view for row in OPERATIONS]
    unique = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(unique, ref_template=_REF + "{name}")
    components = {name: _plain(component) for name, component in components.items()}
    refs = dict(zip(unique, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for row in OPERATIONS:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, FORMS[row.name], refs, components)
    for form in FORMS.values():
        components.pop(form.outside_type.__name__, None)
    components["Problem"] = _PROBLEM
    return {
        "openapi": "3.1.0",
        "info": {"title": "秒贷 miaodai", "version": "1", "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": f"{zh} · {en}"} for name, zh, en in _TAGS],
        "security": [{"signature": []}, {"token": []}],
        "paths": paths,
        "x-codes": [
            {"code": code.word, "status": http_status(code), "esb": esb_code(code), "zh": code.zh, "en": code.en}
            for code in Code
        ],
        "components": {
            "schemas": components,
            "securitySchemes": {
                "signature": {"type": "apiKey", "in": "header", "name": "X-Signature", "description": "HMAC-SHA256"},
                "token": {"type": "http", "scheme": "bearer"},
            },
            "responses": {
                "Problem": {
                    "description": "拒绝或错误 · a refusal or an error",
                    "content": {"application/problem+json": {"schema": {"$ref": _REF + "Problem"}}},
                }
            },
        },
    }


def _plain(schema: Any) -> Any:
    """Fixed tuples whose parts are of one type as a list of stated length, which more readers understand."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    new = {name: _plain(part) for name, part in schema.items()}
    parts = new.get("prefixItems")
    if parts and all(part == parts[0] for part in parts):
        del new["prefixItems"]
        new["items"] = parts[0]
    return new


def _operation(row: Row, form: Form, refs: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    outside = components[form.outside_type.__name__]
    required = set(outside.get("required", ()))
    parameters = [
        {
            "name": name,
            "in": "path" if name in row.path_fields else "query",
            "required": name in required,
            "schema": schema,
        }
        for name, schema in outside["properties"].items()
    ]
    parameters.append(_BANK)
    if row.command:
        parameters.append(_KEY)
    if row.follow is not None:
        parameters.append(_PREFER)
    success = {"content": {"application/json": {"schema": refs[row.view]}}}
    responses: dict[str, Any] = {str(201 if row.created else 200): {"description": "成功 · done", **success}}
    if row.command and row.follow is not None:
        responses["202"] = {"description": "已受理，处理中 · accepted, processing", **success}
    for status in _ERRORS:
        responses[str(status)] = {"$ref": "#/components/responses/Problem"}
    operation: dict[str, Any] = {
        "operationId": row.name,
        "summary": f"{row.zh} · {row.en}",
        "description": f"ESB {row.service}/{row.scene}",
        "tags": [row.path.split("/")[2]],
        "parameters": parameters,
        "responses": responses,
    }
    if form.body_fields:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": refs[form.body_type]}},
        }
    return operation


@cache
def docs_page() -> str:
    """The readable page: one HTML file without anything from outside, which fetches ``/openapi.json``."""
    return resources.files("protocols.rest").joinpath("docs.html").read_text("utf-8")
