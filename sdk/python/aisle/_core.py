"""What is the same for every call: the key, deadlines, retries, problems."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
WORTH_ANOTHER = (429, 502, 503, 504)


@dataclass(frozen=True)
class Options:
    """Options of one call."""

    user_token: str | None = None  # says for which visitor a publishable key acts
    if_match: int | None = None  # make the change only when the object still has this version
    timeout: float | None = None  # seconds of one try
    tries: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Problem(Exception):
    """What the API says against a request: RFC 9457."""

    def __init__(self, status: int, said: dict[str, Any]) -> None:
        super().__init__(f"{status} {said.get('code')}: {said.get('detail')}")
        self.status = status
        self.code: str = said.get("code", "")
        self.detail: str = said.get("detail", "")
        self.request_id: str | None = said.get("request_id")
        self.errors: list[dict[str, Any]] = said.get("errors") or []


def quote(text: str) -> str:
    return urllib.parse.quote(text, safe="")


class Core:
    """A client of the Aisle at an address such as https://recommend.example."""

    def __init__(self, address: str, key: str | None = None, *, timeout: float = 30.0, tries: int = 4) -> None:
        self.address = address.rstrip("/")
        self.key = key
        self.timeout = timeout
        self.tries = tries

    def _call(self, method: str, path: str, **given: Any) -> Any:
        with self._stream(method, path, **given) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _stream(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        raw: bytes | BinaryIO | None = None,
        repeatable: bool = False,
        options: Options | None = None,
    ) -> BinaryIO:
        o = options or Options()
        data, kind = _encode(path, body, raw)
        request = urllib.request.Request(self.address + path + _search(query), data=data, method=method)
        request.add_header("Accept", "application/json, application/x-ndjson, */*")
        for name, value in self._headers(o, kind).items():
            request.add_header(name, value)
        tries = (o.tries or self.tries) if repeatable and raw is None else 1
        for n in range(1, tries + 1):
            pause = FIRST_PAUSE * 2 ** (n - 1)
            try:
                return urllib.request.urlopen(request, timeout=o.timeout or self.timeout)
            except urllib.error.HTTPError as answer:
                problem = _problem(answer)
                if n == tries or answer.code not in WORTH_ANOTHER:
                    raise problem from None
                pause = max(pause, _seconds(answer.headers.get("Retry-After")))
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                if n == tries:
                    raise
            time.sleep(min(pause, LONGEST_PAUSE))
        raise AssertionError("the last try returns or raises")

    def _headers(self, o: Options, kind: str | None) -> dict[str, str]:
        headers = {}
        if self.key:
            headers["Authorization"] = "Bearer " + self.key
        if o.user_token:
            headers["Aisle-User-Token"] = o.user_token
        if o.if_match is not None:
            headers["If-Match"] = f'"{o.if_match}"'
        if kind:
            headers["Content-Type"] = kind
        return {**headers, **o.headers}

    def _pages(self, method: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        while True:
            page = method(*args, **kwargs)
            yield page
            if not page.get("next_cursor"):
                return
            kwargs["cursor"] = page["next_cursor"]


def _encode(path: str, body: Any, raw: bytes | BinaryIO | None) -> tuple[Any, str | None]:
    if raw is not None:
        return (raw if isinstance(raw, bytes) else raw.read()), "application/octet-stream"
    if body is None:
        return None, None
    if path == "/v1/events" and isinstance(body, list):  # a repeat of an event with an id counts once
        body = [{**event, "event_id": event.get("event_id") or str(uuid.uuid4())} for event in body]
    return json.dumps(body).encode(), "application/json"


def _search(query: dict[str, Any] | None) -> str:
    given = {}
    for name, value in (query or {}).items():
        if value is None:
            continue
        if isinstance(value, bool):
            value = "true" if value else "false"
        given[name] = ",".join(value) if isinstance(value, list) else value
    return "?" + urllib.parse.urlencode(given) if given else ""


def _problem(answer: urllib.error.HTTPError) -> Problem:
    text = answer.read().decode(errors="replace")
    try:
        said = json.loads(text)
        if isinstance(said, dict) and "code" in said:
            return Problem(answer.code, said)
    except ValueError:
        pass  # something between client and service speaks
    return Problem(answer.code, {"code": f"http_{answer.code}", "detail": text[:200] or str(answer.reason)})


def _seconds(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
