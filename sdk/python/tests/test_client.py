"""Against a running Aisle: AISLE_URL and AISLE_KEY name it. python3 -m unittest discover -s sdk/python/tests"""

import os
import unittest

from aisle import Aisle, Options, Problem, events_from, post_all, records


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        self.shop = Aisle(os.environ["AISLE_URL"], key=os.environ["AISLE_KEY"])

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


if __name__ == "__main__":
    unittest.main()
