"""The auth host's stand-in: e-mail, then password, then a code for the accounts that ask for one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from automation.simulator.records import Account
from automation.simulator.site import STATIC
from automation.simulator.world import COOKIE, World

_MONTH = 30 * 24 * 3600  # seconds


async def login(_: Request) -> Response:
    return FileResponse(STATIC / "login.html", headers={"Cache-Control": "no-store"})


async def identify(request: Request) -> Response:
    account, _ = await _asked(request)
    if account is None:
        return _no("We could not find an account with that e-mail address.")
    return JSONResponse({"next": "password"})


async def password(request: Request) -> Response:
    account, secret = await _asked(request)
    if account is None or secret != account.password:
        return _no("Incorrect e-mail or password.")
    if account.asks_code:
        world = World.of(request)
        world.store.new_code(account.email)
        world.tell("code_sent", account=account.email)
        return JSONResponse({"next": "code"})
    return _let_in(request, account)


async def code(request: Request) -> Response:
    account, secret = await _asked(request)
    if account is None or not World.of(request).store.use_code(account.email, secret):
        return _no("That code is not right. Check the latest message and try again.")
    return _let_in(request, account)


async def callback(_: Request) -> Response:
    """The end of the login chain."""
    return RedirectResponse("/#/listing/list/brokerage", status_code=302)


async def logout(request: Request) -> Response:
    World.of(request).store.close_session(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/auth/login", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


async def _asked(request: Request) -> tuple[Account | None, str]:
    try:
        asked = await request.json()
        email, secret = str(asked["email"]), str(asked.get("secret", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, ""
    return World.of(request).store.account(email.strip().lower()), secret.strip()


def _let_in(request: Request, account: Account) -> Response:
    world = World.of(request)
    token = world.store.open_session(account.email)
    world.tell("signed_in", account=account.email)
    answer = JSONResponse({"next": "/oauth/callback"})
    answer.set_cookie(COOKIE, token, max_age=_MONTH, httponly=True, samesite="lax")
    return answer


def _no(message: str) -> Response:
    return JSONResponse({"error": message}, status_code=403)


ROUTES: list[BaseRoute] = [
    Route("/auth/login", login),
    Route("/auth/identify", identify, methods=["POST"]),
    Route("/auth/password", password, methods=["POST"]),
    Route("/auth/code", code, methods=["POST"]),
    Route("/auth/logout", logout, methods=["POST"]),
    Route("/oauth/callback", callback),
]
