"""Client of Aisle, a recommendation backend for shops. It needs the standard library only.

    from aisle import Aisle
    shop = Aisle("http://127.0.0.1:8080", key="sk_…")
    shop.recommend({"scenario": "home.for_you", "user_id": "ann"})

Every call of the API is a method; types and methods are made from the OpenAPI document.
"""

from ._api import *  # noqa: F403
from ._api import API_VERSION, Aisle
from ._core import Options, Problem
from .frames import compare, evaluate, events_from, post_all, records, wait

__all__ = ["API_VERSION", "Aisle", "Options", "Problem", "compare", "evaluate", "events_from", "post_all", "records", "wait"]
