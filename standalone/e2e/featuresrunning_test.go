package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// answers are the rows about pages and answers.
func (probes) answers() probes {
	return probes{
		41: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodPost, "/v1/recommendations/batch",
				`{"user_id":"u2","placements":[{"scenario":"home.for_you","limit":5},{"scenario":"home.trending","limit":5}]}`)
			all := append(a.texts("placements.0.items.*.item_id"), a.texts("placements.1.items.*.item_id")...)
			slices.Sort(all)
			want(t, len(all) == 10 && len(slices.Compact(all)) == 10, "a page repeats nothing", all)
		},
		42: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.for_you","user_id":"u2","limit":5}`)
			b := f.ask(t, fmt.Sprintf(`{"scenario":"home.for_you","user_id":"u2","limit":5,"cursor":%q}`, a.text("next_cursor")))
			all := append(a.texts(shownIDs), b.texts(shownIDs)...)
			slices.Sort(all)
			want(t, len(all) == 10 && len(slices.Compact(all)) == 10, "the next page repeats nothing", all)
		},
		56: func(t *testing.T, f *featureShop) {
			id := f.do(t, http.MethodPost, "/v1/exports",
				`{"scenario":"email.for_you","user_ids":["u2","u3"],"limit":3,"format":"csv"}`).text("export_id")
			soon(t, "the export ends", func() bool { return f.do(t, http.MethodGet, "/v1/exports/"+id, nil).text("state") == "done" })
			a := string(f.do(t, http.MethodGet, "/v1/exports/"+id+"/result", nil).raw)
			want(t, strings.Contains(a, "u2") && strings.Contains(a, "u3"), "lists for two people", a)
		},
		57: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.for_you","user_id":"u2","limit":2}`)
			want(t, a.number("items.0.score") >= a.number("items.1.score") && a.number("items.1.score") > 0, "scores", string(a.raw))
		},
		58: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.for_you","user_id":"u2","limit":1,"explain":"reasons"}`)
			want(t, strings.HasPrefix(a.text("items.0.reasons.0.code"), "because_you_") &&
				a.text("items.0.reasons.0.item_id") != "", "a reason", string(a.raw))
		},
		59: func(t *testing.T, f *featureShop) {
			a := f.ask(t, `{"scenario":"home.for_you","user_id":"u2","limit":1,"explain":"full"}`)
			sum := 0.
			for _, part := range a.list("items.0.explanation.contributions.*.value") {
				n, _ := part.(float64)
				sum += n
			}
			want(t, sum != 0 && sum == a.number("items.0.explanation.base_score"), "contributions add up bit for bit", sum, string(a.raw))
		},
		60: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodPost, "/v1/scenarios/home.trending/preview",
				`{"request":{"scenario":"home.trending","limit":5},"rules":[{"rule_id":"x","action":"pin",`+
					`"item_id":"bag-19","position":1}]}`)
			want(t, a.text("preview.items.0.item_id") == "bag-19" && a.text("live.items.0.item_id") != "bag-19",
				"a preview beside the live list", string(a.raw))
		},
		61: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodPost, "/v1/recommendations/explain",
				`{"scenario":"home.trending","user_id":"u2","item_id":"bag-19","limit":3}`)
			want(t, a.at("included") == false && a.text("stage") == "rank" && a.number("rank") > 3, "why not", string(a.raw))
		},
		62: func(t *testing.T, f *featureShop) {
			id := f.ask(t, `{"scenario":"home.for_you","user_id":"u2","limit":5}`).text("recommendation_id")
			soon(t, "it is made again, the same", func() bool {
				return f.with(t, f.secret, http.MethodPost, "/v1/recommendations/"+url.PathEscape(id)+"/replay",
					nil).at("identical") == true
			})
		},
		75: func(t *testing.T, f *featureShop) {
			call := func(method, params string) string {
				return string(f.do(t, http.MethodPost, "/mcp", `{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":`+params+`}`,
					"Accept", "application/json, text/event-stream").raw)
			}
			a := call("initialize", `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}`)
			want(t, strings.Contains(a, "serverInfo"), "an assistant is greeted", a)
		},
		76: func(t *testing.T, f *featureShop) {
			a := string(f.do(t, http.MethodGet, "/v1/feeds/agents?country=DE&seller=Shop", nil).raw)
			want(t, strings.Count(a, "\n") > 100 && strings.Contains(a, "mug-01"), "a line per product", len(a))
		},
		78: func(t *testing.T, f *featureShop) {
			f.ask(t, `{"scenario":"home.trending","limit":3,"channel":"agent"}`)
			soon(t, "a line of its own", func() bool {
				m := f.do(t, http.MethodGet, "/v1/metrics?interval=all&group_by=channel", nil)
				return slices.Contains(m.texts("rows.*.channel"), "agent")
			})
		},
	}
}

// learning are the rows about experiments and models.
func (probes) learning() probes {
	const arms = `"arms":[{"name":"control","share":0.5},{"name":"new","share":0.5,"scenario":"home.margin"}]`
	return probes{
		47: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/experiments/order", `{"status":"running","scenarios":["home.for_you"],"traffic":1,`+arms+`}`)
			found := map[string]bool{}
			soon(t, "visitors are in both arms", func() bool {
				for u := range 40 {
					found[f.ask(t, fmt.Sprintf(`{"scenario":"home.for_you","user_id":"u%d","limit":1}`, u)).text("experiment.arm")] = true
				}
				return found["control"] && found["new"]
			})
		},
		48: func(t *testing.T, f *featureShop) {
			soon(t, "figures per arm", func() bool {
				a := f.do(t, http.MethodGet, "/v1/experiments/order/results", nil)
				return len(a.list("arms")) == 2 && a.at("sample_ratio_ok") == true && a.number("arms.0.visitors") > 0 &&
					a.at("arms.1.clicker_rate_difference.high") != nil
			})
			f.do(t, http.MethodDelete, "/v1/experiments/order", nil)
		},
		49: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/rollouts/careful",
				`{"status":"running","scenarios":["home.trending"],"traffic":0.1,"guardrails":{"max_empty_share":0.5},`+arms+`}`)
			want(t, f.do(t, http.MethodGet, "/v1/rollouts/careful", nil).number("traffic") == .1, "a rollout to a tenth")
			f.do(t, http.MethodDelete, "/v1/rollouts/careful", nil)
		},
		50: func(t *testing.T, f *featureShop) {
			f.do(t, http.MethodPut, "/v1/experiments/holdout", `{"status":"running","scenarios":["home.trending"],"traffic":0.2,`+arms+`}`)
			inside := map[string]bool{}
			ask := func(u int) string {
				return f.ask(t, fmt.Sprintf(`{"scenario":"home.trending","user_id":"u%d","limit":1}`, u)).text("experiment.arm")
			}
			soon(t, "some are in it, most are not", func() bool {
				in := 0
				for u := range 50 {
					if ask(u) != "" {
						in++
						inside[fmt.Sprint(u)] = true
					}
				}
				return in > 0 && in < 30
			})
			for u := range 50 {
				want(t, (ask(u) != "") == inside[fmt.Sprint(u)], "who is held out stays", u)
			}
			f.do(t, http.MethodDelete, "/v1/experiments/holdout", nil)
		},
		51: func(t *testing.T, f *featureShop) {
			live := func() string { return f.do(t, http.MethodGet, "/v1/models/live", nil).text("live.similar") }
			first := live()
			job := f.do(t, http.MethodPost, "/v1/jobs",
				`{"relations":["similar"],"budget_seconds":1,"publish":"always","reason":"a second version"}`).text("job_id")
			soon(t, "a second version", func() bool {
				return f.do(t, http.MethodGet, "/v1/jobs/"+job, nil).text("state") == "succeeded" && live() != first
			})
			f.do(t, http.MethodPost, "/v1/models/rollback", `{"relation":"similar"}`)
			want(t, live() == first, "is taken back in one call", live(), first)
		},
		52: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodGet, "/v1/models?relation=similar", nil)
			figures, _ := a.at("items.0.metrics").(map[string]any)
			want(t, len(a.list("items")) >= 2 && len(figures) > 2, "figures of each version", string(a.raw))
		},
		53: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodGet, "/v1/models?relation=similar", nil)
			want(t, a.text("items.0.gate.verdict") != "", "a verdict of the gate", string(a.raw))
		},
		54: func(t *testing.T, f *featureShop) {
			a := f.do(t, http.MethodPost, "/v1/schedules", `{"cron":"0 3 * * *","request":{"kind":"recompute"}}`)
			want(t, a.text("next_at") != "", "a recompute each night", string(a.raw))
			f.do(t, http.MethodDelete, "/v1/schedules/"+a.text("schedule_id"), nil)
		},
		55: func(t *testing.T, f *featureShop) {
			job := f.do(t, http.MethodPost, "/v1/jobs", `{"relations":["similar"],"budget_seconds":120}`).text("job_id")
			f.do(t, http.MethodPost, "/v1/jobs/"+job+"/cancel", nil)
			soon(t, "a job is cancelled", func() bool { return f.do(t, http.MethodGet, "/v1/jobs/"+job, nil).text("state") == "cancelled" })
			want(t, len(f.do(t, http.MethodGet, "/v1/jobs", nil).list("items")) >= 3, "its history")
		},
		90: func(t *testing.T, f *featureShop) {
			job := f.do(t, http.MethodPost, "/v1/evaluations",
				`{"relations":["similar"],"budget_seconds":2,"folds":2,"algorithms":["cosine","popular"]}`).text("job_id")
			var a reply
			soon(t, "a cross-validation ends", func() bool {
				a = f.do(t, http.MethodGet, "/v1/jobs/"+job, nil)
				return a.text("finished_at") != ""
			})
			want(t, a.text("state") == "succeeded" && strings.Contains(string(a.raw), "cosine"), "its leaderboard", string(a.raw))
		},
	}
}

// running are the rows about running it.
func (probes) running() probes {
	guide := func(name, word string) func(t *testing.T, f *featureShop) {
		return func(t *testing.T, f *featureShop) {
			a := f.with(t, "", http.MethodGet, "/docs/"+name, nil)
			want(t, a.status == 200 && strings.Contains(string(a.raw), word), "the guide "+name, a.status)
		}
	}
	return probes{
		63: func(t *testing.T, f *featureShop) {
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			resp, err := client.PostForm(f.url+"/console/sign-in", url.Values{"key": {f.secret}, "next": {"/console/try"}})
			if err != nil || len(resp.Cookies()) == 0 {
				t.Fatal("sign in: ", err, resp)
			}
			resp.Body.Close()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/console/try?scenario=home.for_you&user=u2", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.AddCookie(resp.Cookies()[0])
			if resp, err = client.Do(req); err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			page, err := io.ReadAll(resp.Body)
			want(t, err == nil && strings.Contains(string(page), "lamp-"), "the tester shows a list", resp.Status)
		},
		64: func(t *testing.T, f *featureShop) {
			m := f.do(t, http.MethodGet, "/v1/metrics?interval=day&group_by=scenario", nil)
			want(t, len(m.list("rows")) > 3 && m.number("rows.0.requests") > 0, "figures per placement", string(m.raw))
		},
		65: func(t *testing.T, f *featureShop) {
			want(t, f.do(t, http.MethodGet, "/v1/stats/events", nil).number("total.rejected.unknown_type") >= 1,
				"what was refused, by code")
			want(t, f.do(t, http.MethodGet, "/v1/anomalies", nil).at("items") != nil, "anomalies")
			want(t, f.do(t, http.MethodGet, "/v1/anomalies/series", nil).at("items") != nil, "what is watched")
			clicks := func() float64 {
				return f.do(t, http.MethodGet, "/v1/metrics?interval=all&scenario=home.robots", nil).number("rows.0.clicks")
			}
			f.do(t, http.MethodPut, "/v1/scenarios/home.robots", `{"sources":[{"kind":"trending"}],"fallback":["newest"]}`,
				"If-None-Match", "*")
			for _, user := range []string{"rob", "rita"} {
				a := f.ask(t, `{"scenario":"home.robots","user_id":"`+user+`"}`)
				f.did(t, `{"events":[{"type":"select_item","user_id":"`+user+`","item_id":"`+a.text("items.0.item_id")+
					`","recommendation_id":"`+a.text("recommendation_id")+`"}]}`)
			}
			soon(t, "both are counted", func() bool { return clicks() == 2 })
			f.do(t, http.MethodPost, "/v1/robots", `{"user_id":"rob","verdict":"robot"}`)
			f.did(t, `{"events":[{"type":"view_item","user_id":"rob","item_id":"mug-01"}]}`) // who is silent is taken out within a minute
			soon(t, "the robot's click is taken out", func() bool { return clicks() == 1 })
			f.do(t, http.MethodPost, "/v1/robots", `{"user_id":"rob","verdict":"not_a_robot"}`)
			f.did(t, `{"events":[{"type":"view_item","user_id":"rob","item_id":"mug-02"}]}`)
			soon(t, "and put back", func() bool { return clicks() == 2 })
		},
		66: func(t *testing.T, f *featureShop) {
			resp, err := http.Get("http://" + f.admin + "/metrics")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			want(t, err == nil && strings.Contains(string(text), "aisle_profile_events_total"), "metrics", len(text))
		},
		67: func(t *testing.T, f *featureShop) {
			a := f.with(t, "", http.MethodGet, "/openapi.json", nil)
			paths, _ := a.at("paths").(map[string]any)
			want(t, a.text("openapi") == "3.1.0" && len(paths) > 60, "one document", len(paths))
		},
		68: func(t *testing.T, f *featureShop) {
			a := f.with(t, f.secret, http.MethodPost, "/v1/recommendations", `{"scenario":"none"}`)
			want(t, strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") && a.text("title") != "",
				"a problem", string(a.raw))
			a = f.with(t, f.publishable, http.MethodPost, "/v1/recommendations", `{"scenario":"home.trending"}`)
			want(t, a.header.Get("RateLimit") != "", "the limit in a header", a.header)
		},
		69: func(t *testing.T, f *featureShop) {
			reader := strings.TrimSpace(f.aisle(t, "keys", "create", "--keys-file", f.keys, "--shop", "default", "--scope", "events:read"))
			soon(t, "a key with one scope", func() bool { return f.with(t, reader, http.MethodGet, "/v1/events", nil).status == 200 })
			want(t, f.with(t, reader, http.MethodGet, "/v1/users", nil).status == 403, "may nothing else")
			want(t, slices.Contains(f.do(t, http.MethodGet, "/v1/audit", nil).texts("items.*.action"), "rule.put") ||
				len(f.do(t, http.MethodGet, "/v1/audit", nil).list("items")) > 5, "the audit log")
		},
		73: func(t *testing.T, f *featureShop) {
			want(t, len(f.aisle(t, "--help")) > 100, "one program with everything")
			a := f.aisle(t, "recommend", "home.for_you", "--server", f.url, "--key", f.secret, "--user", "u2", "--limit", "3")
			want(t, strings.Contains(a, "lamp-"), "and a list on a terminal", a)
		},
		74: guide("benchmarks", "<table>"),
		84: func(t *testing.T, f *featureShop) {
			a := f.with(t, f.other, http.MethodGet, "/v1/items/mug-01", nil)
			want(t, a.status == 404, "another shop's key sees nothing", a.status)
			a = f.with(t, f.other, http.MethodPost, "/v1/recommendations", `{"scenario":"home.trending"}`)
			want(t, len(a.list("items")) == 0, "nor is it shown anything", string(a.raw))
		},
		91: func(t *testing.T, f *featureShop) {
			var all sync.WaitGroup
			var mu sync.Mutex
			tiers := map[string]int{}
			for n := range 200 {
				all.Go(func() {
					a := f.with(t, f.secret, http.MethodPost, "/v1/recommendations",
						fmt.Sprintf(`{"scenario":"home.for_you","user_id":"u%d","limit":5,"deadline_ms":5000}`, n))
					mu.Lock()
					defer mu.Unlock()
					tiers[a.text("items.0.tier")]++ // one that says it was made with less is personal as well
				})
			}
			all.Wait()
			want(t, tiers["personal"] >= 190, "personal answers of 200 at once", tiers)
		},
		92: guide("reliability", "kill"),
	}
}

// adminOf finds the address of the admin port in a program's log.
func adminOf(p *program) string {
	_, rest, _ := strings.Cut(p.output(), "admin=")
	address, _, _ := strings.Cut(rest, " ")
	return strings.TrimSuffix(address, "\n")
}
