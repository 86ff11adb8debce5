"""HTTP to the outside: one session per source, bounded retries, errors in plain words.

No message and no log line holds a key, a query or a body: those can carry personal data.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)
from tenacity.nap import sleep as tenacity_sleep

logger = logging.getLogger(__name__)

# Supabase refuses secret keys to anything that calls itself a browser.
USER_AGENT = "showing-portal/1 (server)"
# A longer integer in an answer is no number of ours, and converting it is quadratic work.
LONGEST_INTEGER = 18
CHUNK = 65536
# Whatever a `Retry-After` says, by mistake or by a wrong clock: nobody is left alone for longer, in seconds.
LONGEST_ASKED = 3600.0
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SourceError(Exception):
    """No answer as asked: `message` says what happened, `what_to_do` what a person can do."""

    def __init__(self, source: str, message: str, *, what_to_do: str) -> None:
        super().__init__(f"{message} {what_to_do}".strip())
        self.source = source
        self.message = message
        self.what_to_do = what_to_do


class SourceDown(SourceError):
    """No usable answer in time: asking again later is right.

    `status` is 0 when there was no answer at all; `retry_after` is what the source asked for, in seconds.
    """

    def __init__(
        self, source: str, message: str, *, status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(source, message, what_to_do="It is asked again by itself.")
        self.status = status
        self.retry_after = retry_after


class SourceRefused(SourceError):
    """The source understood and said no: asking again is of no use before a person has changed something."""

    def __init__(self, source: str, message: str, *, status: int, what_to_do: str, code: str = "") -> None:
        super().__init__(source, message, what_to_do=what_to_do)
        self.status = status
        self.code = code


class SourceUnreadable(SourceError):
    """The source said yes and sent something that is not what its interface promises."""


class SourceTooLarge(SourceUnreadable):
    """The answer is larger than any that is expected: asking for less may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for one question, in seconds: to connect, to read, for all tries (`total`)."""

    connect: float = 5.0
    read: float = 30.0
    attempts: int = 4
    total: float = 90.0
    longest_wait: float = 30.0
    first_wait: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete answer. `body` is its JSON, or None where it was none (`is_json` tells)."""

    status: int
    headers: Mapping[str, str]
    body: Any = field(repr=False)
    is_json: bool


class HttpSource:
    """One outside service: GET and PATCH with retries. Not shared between threads."""

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        headers: Mapping[str, str],
        patience: Patience,
        largest_body: int,
        sleep: Callable[[float], None] = tenacity_sleep,
    ) -> None:
        self.name = name
        self.host = urlsplit(base_url).hostname or "?"
        self._base_url = base_url.rstrip("/")
        self._patience = patience
        self._largest_body = largest_body
        self._sleep = sleep
        self._session = requests.Session()
        # The environment's proxies stay in force, but none can reach this machine's own services…
        self._session.trust_env = self.host not in LOOPBACK
        # …and a .netrc must not add credentials of its own.
        self._session.auth = _no_auth
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json", **headers})

    def close(self) -> None:
        self._session.close()

    def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer, of any status but 429 and 5xx, which are asked again and end as SourceDown."""
        return self._ask_patiently("GET", path, params, headers, None)

    def patch(
        self, path: str, body: Mapping[str, Any], *, params: Mapping[str, str], headers: Mapping[str, str]
    ) -> Answer:
        """As `get`, for a change that does no harm when made twice: it may be, before an answer comes."""
        return self._ask_patiently("PATCH", path, params, headers, body)

    def _ask_patiently(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> Answer:
        patience = self._patience
        retrying = Retrying(
            retry=retry_if_exception(self._is_worth_a_try),
            stop=stop_after_attempt(patience.attempts) | stop_after_delay(patience.total),
            wait=self._wait,
            sleep=self._sleep,
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            return retrying(self._ask_once, method, path, params, headers, body)
        except _Again as last:
            raise SourceDown(
                self.name, last.message, status=last.status, retry_after=last.retry_after
            ) from None

    def _ask_once(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> Answer:
        patience = self._patience
        deadline = time.monotonic() + patience.connect + patience.read
        try:
            with self._session.request(
                method,
                self._base_url + path,
                params=params,
                headers=headers,
                json=body,
                timeout=(patience.connect, patience.read),
                allow_redirects=False,
                stream=True,
            ) as response:
                self._raise_if_busy(response)
                return self._answer(response, self._read(response, deadline))
        except (requests.Timeout, urllib3.exceptions.ReadTimeoutError):
            raise _Again(f"{self.name} at {self.host} did not answer in time.") from None
        except requests.exceptions.SSLError:
            raise SourceRefused(
                self.name,
                f"{self.name} at {self.host} shows a certificate that is not valid.",
                status=0,
                what_to_do="Check its address in the settings, and this machine's clock and certificates.",
            ) from None
        except urllib3.exceptions.DecodeError:
            raise _Again(f"{self.name} at {self.host} sent a broken answer.") from None
        except (requests.ConnectionError, urllib3.exceptions.HTTPError):
            raise _Again(f"{self.name} at {self.host} cannot be reached.") from None
        except (requests.RequestException, UnicodeError):
            # What is left is about the address itself: scheme, host, an impossible URL or header.
            raise SourceRefused(
                self.name,
                f"{self.name} cannot be asked: its address or key is not usable.",
                status=0,
                what_to_do="Check the address and the key in the settings.",
            ) from None

    def _raise_if_busy(self, response: requests.Response) -> None:
        status = response.status_code
        if status != 429 and status < 500:
            return
        trouble = "asked us to slow down" if status == 429 else "is in trouble"
        raise _Again(
            f"{self.name} at {self.host} {trouble} ({status}).",
            status=status,
            retry_after=retry_after_seconds(response.headers.get("Retry-After", "")),
        )

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """The body, taken as it comes: waiting for a whole chunk would be waiting for ever where it drips."""
        body = bytearray()
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > self._largest_body:
                raise SourceTooLarge(
                    self.name,
                    f"{self.name} at {self.host} sent more than {self._largest_body // 1024} kB at once.",
                    what_to_do="Check that the address in the settings is the right one.",
                )
            if time.monotonic() > deadline:
                raise _Again(f"{self.name} at {self.host} did not finish its answer in time.")
        return bytes(body)

    def _answer(self, response: requests.Response, body: bytes) -> Answer:
        if 300 <= response.status_code < 400:
            raise SourceRefused(
                self.name,
                f"{self.name} at {self.host} sends us elsewhere ({response.status_code}).",
                status=response.status_code,
                what_to_do="Put the final address into the settings; redirects are not followed.",
            )
        parsed = read_json(body)
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=parsed.value,
            is_json=parsed.is_json,
        )

    def _is_worth_a_try(self, error: BaseException) -> bool:
        """One that asks for more time than we stand here for is left for the next pass."""
        return isinstance(error, _Again) and (error.retry_after or 0.0) <= self._patience.longest_wait

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, _Again) else None
        patience = self._patience
        backoff = wait_exponential_jitter(
            multiplier=patience.first_wait, max=patience.longest_wait, jitter=patience.first_wait
        )(state)
        return min(max(asked or 0.0, backoff), patience.longest_wait)

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        pause = state.next_action.sleep if state.next_action else 0.0
        logger.info("%s Asking again in %.1f s (try %d).", error, pause, state.attempt_number + 1)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Again(Exception):
    """This try failed in a way that another try may mend."""

    def __init__(self, message: str, *, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class _Json:
    value: Any
    is_json: bool


def read_json(body: bytes | str) -> _Json:
    """JSON with nothing in it that a database or Python chokes on: NaN, infinity, an endless integer."""
    try:
        value = json.loads(body, parse_int=_integer, parse_float=_number, parse_constant=str)
    except (ValueError, RecursionError):
        return _Json(value=None, is_json=False)
    return _Json(value=value, is_json=True)


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= LONGEST_INTEGER else text


def _number(text: str) -> float | str:
    number = float(text)
    return text if number in (float("inf"), float("-inf")) else number


def retry_after_seconds(header: str, *, now: datetime | None = None) -> float | None:
    """Seconds that a `Retry-After` header asks for, by number or date, at most an hour; None without one.

    >>> retry_after_seconds("7")
    7.0
    >>> retry_after_seconds("Sat, 21 Nov 2026 08:00:30 GMT", now=datetime(2026, 11, 21, 8, tzinfo=UTC))
    30.0
    >>> retry_after_seconds("999999999"), retry_after_seconds("soon")
    (3600.0, None)
    """
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(float(text), LONGEST_ASKED)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()), LONGEST_ASKED)
