"""Against a running Aisle: AISLE_URL and AISLE_API_KEY name it. python3 -m unittest discover -s sdk/python/tests"""

import json
import os
import threading
import time
import unittest
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aisle import Aisle, Options, Problem, compare, evaluate, events_from, post_all, records, wait

try:
    import pandas
except ImportError:  # it is used where it is
    pandas = None


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        self.shop = Aisle(os.environ["AISLE_URL"], key=os.environ["AISLE_API_KEY"])

    def test_a_shop_from_catalogue_to_recommendation(self) -> None:
        saved = self.shop.put_items([{"item_id": f"cup/{n}", "title": f"Cup {n}", "price": 1.5 * n, "currency": "EUR"} for n in range(1, 6)])
        self.assertEqual([r["status"] for r in saved["results"]], ["accepted"] * 5, saved)
        rows = [{"who": "ann", "what": "cup/1", "n": 2.0}, {"who": "bob", "what": "cup/2", "n": float("nan")}]
        events = events_from(rows, type="=view_item", user_id="who", item_id="what", value="n")
        self.assertEqual(events[1], {"type": "view_item", "user_id": "bob", "item_id": "cup/2"})
        self.assertEqual(post_all(self.shop, events), {"accepted": 2})
        answer = self.shop.recommend({"scenario": "home.for_you", "user_id": "ann", "limit": 3})
        self.assertNotIn("cup/1", [i["item_id"] for i in answer["items"]])
        self.assertTrue(answer["recommendation_id"])
        self.assertEqual(self.shop.get_item("cup/3")["price"], 4.5)

    def test_pages(self) -> None:
        self.shop.put_items([{"item_id": f"page-{n}"} for n in range(5)])
        found = [i["item_id"] for i in records(self.shop.list_items_pages(limit=2)) if i["item_id"].startswith("page-")]
        self.assertEqual(sorted(found), [f"page-{n}" for n in range(5)])

    def test_a_problem_names_the_field(self) -> None:
        with self.assertRaises(Problem) as raised:
            self.shop.recommend({"scenario": "home.for_yu"})
        self.assertEqual((raised.exception.status, raised.exception.code), (404, "scenario_not_found"))
        self.assertEqual(raised.exception.errors[0]["pointer"], "/scenario")

    def test_a_change_of_another_version_is_refused(self) -> None:
        rule = self.shop.put_rule("python", {"action": "hide", "where": {"field": "item_id", "value": "nothing"}})
        with self.assertRaises(Problem) as raised:
            self.shop.put_rule("python", {"action": "hide", "where": {"field": "brand", "value": "none"}}, options=Options(if_match=rule["version"] + 7))
        self.assertEqual(raised.exception.status, 412)
        self.shop.delete_rule("python", options=Options(if_match=rule["version"]))

    def test_a_file_is_imported(self) -> None:
        job = self.shop.start_import(b"item_id;title;price\npot;A pot;12,50\n", kind="items", dry_run=True)
        self.assertTrue(job["import_id"])

    def test_a_notebook_evaluates_and_compares(self) -> None:
        now = datetime.now(timezone.utc)
        rows = [{"who": f"nb-{n // 3}", "what": f"nb-item-{(n // 3 + n % 3) % 6}", "when": now - timedelta(minutes=n)} for n in range(900)]
        table = pandas.DataFrame(rows) if pandas else rows
        self.shop.put_items([{"item_id": f"nb-item-{n}", "title": f"Good {n}"} for n in range(6)])
        events = events_from(table, type="=view_item", user_id="who", item_id="what", occurred_at="when")
        self.assertEqual(post_all(self.shop, events), {"accepted": 900})
        time.sleep(1)  # the catalogue reaches the models' service in its own time
        board = evaluate(self.shop, {"relations": ["similar"], "budget_seconds": 1}, seconds=100, pause=0.1)
        self.assertIn("cosine", [row["algorithm"] for row in board], board)
        versions = []
        for _ in range(2):
            request = {"relations": ["similar"], "publish": "always", "reason": "a notebook", "budget_seconds": 1}
            versions += wait(self.shop, self.shop.start_job(request), seconds=100, pause=0.1)["models"]
        figures = compare(self.shop, versions[1], versions[0])
        self.assertIn("ndcg@20", [row["figure"] for row in figures])
        self.assertEqual(figures[-1]["figure"], "overlap of lists")
        with self.assertRaises(Problem):
            compare(self.shop, versions[0], "similar-none")


class BusyTest(unittest.TestCase):
    """Against a server that is busy, in the way, or says nothing."""

    def serve(self, *answers: tuple[int, dict[str, str], str]) -> tuple[Aisle, list[bytes]]:
        left, bodies = list(answers), []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                status, headers, body = left.pop(0)
                if status == 0:
                    time.sleep(2)
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return Aisle(f"http://127.0.0.1:{server.server_port}"), bodies

    def test_events_are_sent_again_with_the_same_ids(self) -> None:
        done = json.dumps({"accepted": 1, "duplicates": 0, "rejected": 0, "results": []})
        shop, bodies = self.serve((503, {}, "busy"), (429, {"Retry-After": "0"}, "{}"), (200, {}, done))
        self.assertEqual(shop.post_events([{"type": "view_item", "session_id": "s", "item_id": "a"}])["accepted"], 1)
        self.assertEqual(len(bodies), 3)
        self.assertTrue(json.loads(bodies[0])[0]["event_id"])
        self.assertEqual(set(bodies), {bodies[0]})

    def test_what_may_not_be_repeated_is_tried_once(self) -> None:
        shop, bodies = self.serve((503, {}, "<h1>busy</h1>"))
        with self.assertRaises(Problem) as raised:
            shop.start_job({})
        self.assertEqual((raised.exception.code, len(bodies)), ("http_503", 1))

    def test_a_wait_ends(self) -> None:
        shop, _ = self.serve((0, {}, ""))
        with self.assertRaises(TimeoutError):
            shop.live_models(options=Options(timeout=0.2, tries=1))


if __name__ == "__main__":
    unittest.main()
