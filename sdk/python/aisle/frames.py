"""For notebooks: rows of tables as events, pages of answers as rows. pandas is used where the caller brings it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._api import Aisle

BATCH = 1000  # events that one call may carry


def events_from(rows: Any, **columns: str) -> list[dict[str, Any]]:
    """Makes events of a pandas DataFrame or of dictionaries.

    columns name the column of each field of an event: events_from(df, user_id="customer", item_id="sku", type="action"). A value after "=" is meant as it
    stands, for all rows: events_from(df, type="=purchase", user_id="customer"). Empty cells are left out.
    """
    if hasattr(rows, "to_dict"):
        rows = rows.to_dict("records")
    events = []
    for row in rows:
        event = {}
        for name, column in columns.items():
            value = column[1:] if column.startswith("=") else row.get(column)
            if value is None or value != value:  # NaN is not itself
                continue
            event[name] = value.isoformat() if hasattr(value, "isoformat") else value
        events.append(event)
    return events


def post_all(shop: Aisle, events: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Posts any number of events and returns how many there were of each status."""
    counts: dict[str, int] = {}
    for batch in _batches(events):
        for result in shop.post_events(batch)["results"]:
            counts[result["status"]] = counts.get(result["status"], 0) + 1
    return counts


def records(pages: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields the rows of pages, as pandas.DataFrame(records(shop.list_items_pages())) takes them."""
    for page in pages:
        yield from page["items"]


def wait(shop: Aisle, job: dict[str, Any], *, seconds: float = 3600.0, pause: float = 1.0) -> dict[str, Any]:
    """Waits for a job, such as shop.start_evaluation({...}) or shop.start_job({...}) answers, and returns it as it ended.

    A job that fails or is cancelled raises a RuntimeError with what it says; one that takes longer than seconds a TimeoutError.
    """
    end = time.monotonic() + seconds
    while job["state"] not in ("succeeded", "failed", "cancelled"):
        if time.monotonic() > end:
            raise TimeoutError(f"{job['job_id']} is still {job['state']} after {seconds:g} seconds")
        time.sleep(pause)
        job = shop.get_job(job["job_id"])
    if job["state"] != "succeeded":
        raise RuntimeError(f"{job['job_id']} {job['state']}: {job.get('detail') or job.get('error') or 'see its log'}")
    return job


def evaluate(shop: Aisle, request: dict[str, Any] | None = None, **waiting: float) -> list[dict[str, Any]]:
    """Has the algorithms compete on the shop's events, keeps no model, and returns a row per relation and algorithm with its figures.

    request is that of start_evaluation, such as {"relations": ["similar"], "folds": 5}. pandas.DataFrame(evaluate(shop)) is the leaderboard.
    """
    job = wait(shop, shop.start_evaluation(request or {}), **waiting)
    rows = []
    for relation in (job.get("result") or {}).get("relations") or []:
        for place in relation.get("results") or [{"algorithm": None, "detail": relation.get("detail")}]:
            figures = {name: metric["value"] for name, metric in (place.get("metrics") or {}).items()}
            rows.append({"relation": relation["relation"], **{k: v for k, v in place.items() if k != "metrics"}, **figures})
    return rows


def compare(shop: Aisle, a: str, b: str) -> list[dict[str, Any]]:
    """Compares two models of a relation by their versions: a row per figure with how much more it is for a than for b, and how far their lists overlap.

    pandas.DataFrame(compare(shop, a, b)) is a table of it.
    """
    said = shop.compare_models(a, b)
    rows = [{"figure": name, "delta": delta} for name, delta in sorted(said["metric_deltas"].items())]
    return [*rows, {"figure": "overlap of lists", "delta": said["overlap"]}]


def _batches(events: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for event in events:
        batch.append(event)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
