"""What every answer carries: a policy, an id, and safe headers."""

import gzip
import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from brokerbay.logs import JsonLine, OneLine, request_id
from brokerbay.middleware import policy_for

SHEET = "p { color: teal }\n" * 100


def test_our_own_pages_allow_no_script_but_our_files() -> None:
    policy = policy_for("/auto-book")
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_admin_alone_may_compile_expressions() -> None:
    assert "'unsafe-eval'" in policy_for("/admin/bookings/booking/")
    assert "'unsafe-eval'" not in policy_for("/administrator")
    assert "script-src 'self' 'unsafe-inline'" not in policy_for("/admin/")


def test_every_answer_has_its_policy_and_an_id_of_ours(client: Client) -> None:
    answer = client.get("/live", headers={"X-Request-ID": "a stranger's"})
    assert answer.headers["Content-Security-Policy"] == policy_for("/live")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert len(answer.headers["X-Request-ID"]) == 16


def test_asynchronous_answers_have_it_too() -> None:
    answer = async_to_sync(AsyncClient().get)("/live")
    assert answer.headers["Content-Security-Policy"] == policy_for("/live")


@pytest.mark.parametrize("kept", ["plain", "packed"])
def test_a_style_sheet_is_answered_whole_whatever_the_browser_accepts(
    kept: str, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "look.0123456789ab.css").write_text(SHEET)
    (tmp_path / "look.0123456789ab.css.gz").write_bytes(gzip.compress(SHEET.encode()))
    settings.STATIC_ROOT = tmp_path
    settings.MIDDLEWARE = ["brokerbay.middleware.StaticFiles"]
    accepts = {"plain": "identity", "packed": "gzip"}[kept]
    answer = async_to_sync(AsyncClient().get)(
        "/static/look.0123456789ab.css", headers={"Accept-Encoding": accepts}
    )
    body = gzip.decompress(answer.content) if kept == "packed" else answer.content
    assert body == SHEET.encode()
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Content-Type"].startswith("text/css")


def _record(message: str) -> logging.LogRecord:
    return logging.LogRecord("room", logging.INFO, __file__, 1, message, (), None)


def test_a_line_break_in_a_message_forges_no_second_line() -> None:
    line = OneLine().format(_record("hello\n2026 ERROR forged"))
    assert "\n" not in line
    assert "\\n2026 ERROR forged" in line


@pytest.mark.parametrize(
    "address",
    ["/calendar/feeds/S3cret.ics", "/receipts/7~S3cret", "/join/7.1~S3cret", "/new-password/MQ/S3cret"],
)
def test_an_address_that_is_a_secret_is_in_no_line(address: str) -> None:
    for form in (OneLine(), JsonLine()):
        line = form.format(_record(f"Internal Server Error: {address}"))
        assert "S3cret" not in line
        assert "Internal Server Error: /" in line


def test_a_json_line_carries_the_request() -> None:
    token = request_id.set("0123456789abcdef")
    try:
        line = json.loads(JsonLine().format(_record("booked")))
    finally:
        request_id.reset(token)
    assert (line["message"], line["level"], line["request_id"]) == ("booked", "INFO", "0123456789abcdef")


@pytest.mark.parametrize(("status", "told"), [(403, False), (500, True)])
def test_a_refusal_is_one_line_and_a_fault_has_its_traceback(status: int, told: bool) -> None:
    try:
        raise PermissionError("no")
    except PermissionError:
        record = _record("Refused")
        record.exc_info = sys.exc_info()
    record.status_code = status
    assert ("Traceback" in OneLine().format(record)) is told
    assert ("traceback" in json.loads(JsonLine().format(record))) is told
