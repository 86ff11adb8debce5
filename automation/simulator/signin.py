"""The auth host's stand-in: e-mail, single sign-on with ID and PIN, a code for a new device, redirects.

Each step of a sign-in belongs to the ticket in the browser's cookie. Every page's path has /login in it, as
the real site's have, so that nobody takes one of them for BrokerBay itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from automation.simulator import pictures, scenarios
from automation.simulator.records import Account, Code, SignIn
from automation.simulator.site import STATIC
from automation.simulator.world import COOKIE, Moment, World

TICKET, DEVICE = "brokerbay_sign_in", "brokerbay_device"
_MONTH = 30 * 24 * 3600  # seconds
_CODE_LASTS = 300.0  # seconds
_MOST_WRONG_CODES = 3

Step = Callable[[Request, SignIn, dict[str, Any]], Awaitable[Response]]


async def login(_: Request) -> Response:
    return _page()


async def later_page(request: Request) -> Response:
    """A page of the middle of a sign-in; without one it is the first page's turn."""
    return _page() if _ticket(request) else RedirectResponse("/auth/login", status_code=302)


async def identify(request: Request) -> Response:
    asked = await _asked(request)
    world = World.of(request)
    account = world.store.account(str(asked.get("email", "")).strip().lower())
    if account is None:
        return _no("We could not find an account with that e-mail address.")
    moment = _moment(request, account)
    is_old = scenarios.met("old_password_page", moment) is not None
    puzzle = "" if is_old or scenarios.met("captcha", moment) is None else secrets.token_hex(4)
    sign_in = SignIn(ticket=secrets.token_urlsafe(24), email=account.email, puzzle=puzzle)
    world.store.put_sign_in(sign_in)
    answer = JSONResponse({"next": "password" if is_old else "provider"})
    answer.set_cookie(TICKET, sign_in.ticket, httponly=True, samesite="lax")
    return answer


def step(stage: str) -> Callable[[Step], Callable[[Request], Awaitable[Response]]]:
    """For what only a sign-in at that stage may ask; any other starts anew."""

    def guarding(handler: Step) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            sign_in = _ticket(request)
            if sign_in is None or sign_in.stage != stage:
                return JSONResponse({"next": "/auth/login"})
            return await handler(request, sign_in, await _asked(request))

        return guarded

    return guarding


@step("identified")
async def password(request: Request, sign_in: SignIn, asked: dict[str, Any]) -> Response:
    """The old page's second step."""
    account = _owner(request, sign_in)
    if asked.get("password") != account.password:
        return _no("Incorrect e-mail or password.")
    return _proven(request, sign_in, account)


@step("identified")
async def member(request: Request, sign_in: SignIn, asked: dict[str, Any]) -> Response:
    """The single sign-on: the MLS's own ID and PIN, and now and then a puzzle that a person must solve."""
    account = _owner(request, sign_in)
    if sign_in.puzzle and asked.get("picked") != sorted(pictures.puzzle_answer(sign_in.puzzle)):
        World.of(request).store.put_sign_in(replace(sign_in, puzzle=secrets.token_hex(4)))
        return _no("Those are not the right pictures. Please try the new ones.")
    if (str(asked.get("member", "")).strip(), asked.get("pin")) != (account.member_id, account.pin):
        return _no("Invalid User ID or PIN.")
    return _proven(request, sign_in, account)


@step("identified")
async def puzzle(_: Request, sign_in: SignIn, __: dict[str, Any]) -> Response:
    tiles = [f"/auth/puzzle/{sign_in.puzzle}/{tile}.svg" for tile in range(pictures.PUZZLE_TILES)]
    return JSONResponse({"tiles": tiles if sign_in.puzzle else []})


async def puzzle_tile(request: Request) -> Response:
    drawn = pictures.puzzle_tile(request.path_params["seed"], request.path_params["tile"])
    return Response(drawn, media_type="image/svg+xml")


@step("proven")
async def channels(request: Request, sign_in: SignIn, _: dict[str, Any]) -> Response:
    """Where a code can be sent, as far as a stranger may see it."""
    account = _owner(request, sign_in)
    name, domain = account.email.partition("@")[::2]
    return JSONResponse({"sms": f"(•••) •••-{account.phone[-4:]}", "email": f"{name[0]}•••@{domain}"})


@step("proven")
async def send_code(request: Request, sign_in: SignIn, asked: dict[str, Any]) -> Response:
    channel = "sms" if asked.get("channel") == "sms" else "email"
    _send(request, _owner(request, sign_in), channel=channel)
    return JSONResponse({"next": "code"})


@step("proven")
async def code(request: Request, sign_in: SignIn, asked: dict[str, Any]) -> Response:
    world, account = World.of(request), _owner(request, sign_in)
    sent = world.store.code(account.email)
    if sent is None or sent.expires_at <= world.store.now():
        return _no("That code has expired. Press Resend for a new one.")
    if str(asked.get("code", "")).strip() != sent.code:
        return _wrong_code(world, sent)
    world.store.forget_code(account.email)
    if scenarios.met("code_refused", _moment(request, account)) is not None:
        _send(request, account, channel=sent.channel)
        return _no("We could not verify that code, so we sent you a new one.")
    world.store.put_sign_in(replace(sign_in, stage="done"))
    answer = JSONResponse({"next": "/auth/login/redirect"})
    if asked.get("remember"):
        token = world.store.remember_device(account.email)
        answer.set_cookie(DEVICE, token, max_age=12 * _MONTH, httponly=True, samesite="lax")
    return answer


async def on_we_go(_: Request) -> Response:
    """One more hop between the interstitial page and BrokerBay."""
    return RedirectResponse(f"/oauth/callback?code={secrets.token_hex(8)}", status_code=302)


async def callback(request: Request) -> Response:
    """The end of the login chain, where the session begins."""
    world, sign_in = World.of(request), _ticket(request)
    if sign_in is None or sign_in.stage != "done":
        return RedirectResponse("/auth/login", status_code=302)
    world.store.end_sign_in(sign_in.ticket)
    token = world.store.open_session(sign_in.email)
    world.tell("signed_in", account=sign_in.email)
    answer = RedirectResponse("/#/listing/list/brokerage", status_code=302)
    answer.set_cookie(COOKIE, token, max_age=_MONTH, httponly=True, samesite="lax")
    answer.delete_cookie(TICKET)
    return answer


async def logout(request: Request) -> Response:
    World.of(request).store.close_session(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/auth/login", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


def _proven(request: Request, sign_in: SignIn, account: Account) -> Response:
    """PIN or password were right: a device that is not remembered must enter a code, too."""
    store = World.of(request).store
    is_known = store.is_device_of(request.cookies.get(DEVICE, ""), account.email)
    if is_known:
        is_known = scenarios.met("device_forgotten", _moment(request, account)) is None
    asks_code = account.asks_code and not is_known
    store.put_sign_in(replace(sign_in, stage="proven" if asks_code else "done", puzzle=""))
    return JSONResponse({"next": "/auth/login/code" if asks_code else "/auth/login/redirect"})


def _send(request: Request, account: Account, *, channel: str) -> None:
    """Sends a new code, which voids the one before."""
    world, moment = World.of(request), _moment(request, account)
    late, short = scenarios.met("code_late", moment), scenarios.met("code_expires", moment)
    now = world.store.now()
    wait = 0.0 if late is None else float(late.get("seconds", 20))
    lasts = _CODE_LASTS if short is None else float(short.get("seconds", 0))
    sent = Code(
        email=account.email,
        code=f"{secrets.randbelow(1_000_000):06d}",
        channel=channel,
        arrives_at=now + timedelta(seconds=wait),
        expires_at=now + timedelta(seconds=lasts),
    )
    world.store.put_code(sent)
    world.tell("code_sent", account=account.email, channel=channel)


def _wrong_code(world: World, sent: Code) -> Response:
    if sent.wrong + 1 >= _MOST_WRONG_CODES:
        world.store.forget_code(sent.email)
        return _no("Too many wrong codes. Press Resend for a new one.")
    world.store.put_code(replace(sent, wrong=sent.wrong + 1))
    return _no("That code is not right. Check the latest message and try again.")


def _page() -> Response:
    return FileResponse(STATIC / "login.html", headers={"Cache-Control": "no-store"})


def _ticket(request: Request) -> SignIn | None:
    return World.of(request).store.sign_in(request.cookies.get(TICKET, ""))


def _owner(request: Request, sign_in: SignIn) -> Account:
    account = World.of(request).store.account(sign_in.email)
    assert account is not None, "accounts are forgotten only together with the sign-ins"
    return account


def _moment(request: Request, account: Account) -> Moment:
    return Moment(world=World.of(request), account=account, path=request.url.path)


async def _asked(request: Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _no(message: str) -> Response:
    return JSONResponse({"error": message}, status_code=403)


ROUTES: list[BaseRoute] = [
    Route("/auth/login", login),
    Route("/auth/login/member", later_page),
    Route("/auth/login/code", later_page),
    Route("/auth/login/redirect", later_page),
    Route("/auth/login/continue", on_we_go),
    Route("/auth/identify", identify, methods=["POST"]),
    Route("/auth/password", password, methods=["POST"]),
    Route("/auth/member", member, methods=["POST"]),
    Route("/auth/puzzle", puzzle, methods=["POST"]),
    Route("/auth/puzzle/{seed}/{tile:int}.svg", puzzle_tile),
    Route("/auth/channels", channels, methods=["POST"]),
    Route("/auth/send_code", send_code, methods=["POST"]),
    Route("/auth/code", code, methods=["POST"]),
    Route("/auth/logout", logout, methods=["POST"]),
    Route("/oauth/callback", callback),
]
