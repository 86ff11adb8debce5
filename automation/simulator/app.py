"""The local BrokerBay as one ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware

from automation.simulator import control_api, mls, my_showings, signin, site, submits
from automation.simulator.store import Store
from automation.simulator.world import World


def build(store: Store, *, control_token: str) -> Starlette:
    """The site over `store`; the control API answers to `control_token` alone."""
    world = World(store)
    app = Starlette(
        routes=[
            *control_api.routes(control_token),
            *signin.ROUTES,
            *mls.ROUTES,
            *submits.ROUTES,
            *my_showings.ROUTES,
            *site.ROUTES,
        ],
        middleware=[Middleware(site.WrongOrLate, world=world)],
    )
    app.state.world = world
    return app
