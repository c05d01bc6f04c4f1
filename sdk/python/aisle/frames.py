"""For notebooks: rows of tables as events, pages of answers as rows. pandas is used where the caller brings it."""

from __future__ import annotations

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


def _batches(events: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for event in events:
        batch.append(event)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
