"""Not outliving the process that started us."""

from __future__ import annotations

import asyncio
import os

_LOOK_EVERY = 0.3  # seconds


async def left_alone(parent: int) -> None:
    """Returns once `parent` is no longer this process's parent.

    Looked at rather than told by the kernel (PR_SET_PDEATHSIG): that counts the thread that started us as the
    parent, so that a fixture of a short-lived thread would lose its server.
    """
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody could set an event
        await asyncio.sleep(_LOOK_EVERY)
