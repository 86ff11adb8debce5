"""`python -m brokerbay.ops.probe`: ends well if the portal in this container answers /api/health.

Asks under the first host name that the portal answers to, over plain http inside the container.
"""

from __future__ import annotations

import http.client
import os
import sys

PATH = "/api/health"


def main() -> int:
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".") or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=4)
    try:
        connection.request("GET", PATH, headers={"Host": "localhost" if host == "*" else host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as unreached:
        return _say(f"The portal does not answer: {unreached}")
    finally:
        connection.close()
    return 0 if status == 200 else _say(f"The portal answers {status} on {PATH}")


def _say(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
