"use strict";

// Two things that Swagger UI lacks: a search over operations, not over chapters alone, and samples in the languages of the clients. The
// language that a reader chose stays chosen, on all operations and on the next visit.
function aisle(system) {
	var e = system.React.createElement, languageKey = "aisle.reference.language", loading;

	function chosen() { try { return localStorage.getItem(languageKey) || "curl"; } catch (refused) { return "curl"; } }

	function choose(label) {
		try { localStorage.setItem(languageKey, label); } catch (refused) { /* it lasts as long as the page */ }
		window.dispatchEvent(new CustomEvent(languageKey, { detail: label }));
	}

	function samples() {
		loading = loading || fetch("/reference/samples.json").then(function (r) { return r.ok ? r.json() : {}; }).catch(function () { return {}; });
		return loading;
	}

	// With the address of this server, and what the answers so far told in the place of placeholders, as requests have it.
	function filled(source) {
		return source.split("http://127.0.0.1:8080").join(location.origin).replace(/(latest|previous)-([a-z_]+)/g, function (whole, which, name) {
			return (window.aisleSeen[name] || {})[which] || whole;
		});
	}

	class Samples extends system.React.Component {
		constructor(props) {
			super(props);
			this.state = { list: [], label: chosen(), copied: false };
			this.onChoice = this.onChoice.bind(this);
			this.onCopy = this.onCopy.bind(this);
		}
		componentDidMount() {
			var id = this.props.operation, self = this;
			window.addEventListener(languageKey, this.onChoice);
			samples().then(function (all) { self.gone || self.setState({ list: all[id] || [] }); });
		}
		componentWillUnmount() { this.gone = true; window.removeEventListener(languageKey, this.onChoice); }
		onChoice(event) { this.setState({ label: event.detail, copied: false }); }
		onCopy() {
			var self = this;
			navigator.clipboard.writeText(this.text).then(function () { self.setState({ copied: true }); });
		}
		render() {
			var state = this.state, list = state.list;
			if (!list.length) return null;
			var shown = list.find(function (s) { return s.label === state.label; }) || list[0];
			this.text = filled(shown.source);
			var tabs = list.map(function (s) {
				return e("button", { key: s.label, type: "button", role: "tab", className: "btn", "aria-selected": s === shown,
					style: Object.assign({ marginRight: 4 }, s === shown ? { background: "#1b1b1b", color: "#fff" } : null),
					onClick: function () { choose(s.label); } }, s.label);
			});
			return e("div", { className: "aisle-samples", style: Object({ padding: "0 20px 10px" }) },
				e("h4", null, "Code samples"),
				e("div", { role: "tablist", "aria-label": "Language" }, tabs,
					navigator.clipboard && e("button", { type: "button", className: "btn", onClick: this.onCopy }, state.copied ? "Copied" : "Copy")),
				e("pre", { tabIndex: 0, className: "microlight",
					style: Object({ margin: "8px 0 0", padding: 10, background: "#1b1b1b", color: "#fff", overflow: "auto", whiteSpace: "pre" }) },
					e("code", null, this.text)));
		}
	}

	function withSamples(Responses) {
		return function (props) {
			var id = system.getSystem().specSelectors.specJson().getIn(["paths", props.path, props.method, "operationId"]);
			return e("div", null, e(Samples, { key: id, operation: id }), e(Responses, props));
		};
	}

	function Search() {
		var s = system.getSystem(), now = s.layoutSelectors.currentFilter();
		return e("div", { className: "filter-container", style: Object({ padding: "0 20px" }) }, e("label", null, "Search the operations ",
			e("input", { type: "search", className: "operation-filter-input", defaultValue: typeof now === "string" ? now : "",
				onChange: function (event) { s.layoutActions.updateFilter(event.target.value || true); } })));
	}

	// The operations that have every word of a phrase somewhere in path, name, summary or description.
	function search(chapters, phrase) {
		var words = phrase.toLowerCase().split(/\s+/);
		return chapters.map(function (chapter, name) {
			return chapter.set("operations", chapter.get("operations").filter(function (o) {
				var op = o.get("operation"), text = [name, o.get("method"), o.get("path"), op.get("operationId"), op.get("summary"), op.get("description")]
					.join(" ").toLowerCase();
				return words.every(function (word) { return text.includes(word); });
			}));
		}).filter(function (chapter) { return chapter.get("operations").size > 0; });
	}

	return { fn: { opsFilter: search }, components: { FilterContainer: Search }, wrapComponents: { responses: withSamples } };
}

// What the answers so far told: the latest and the previous value of each field that is a text, by its name.
window.aisleSeen = {};

// Requests may name such values: "latest-item_id".
function fill(request) {
	var filled = function (text) {
		return text.replace(/(latest|previous)-([a-z_]+)/g, function (whole, which, name) {
			return (window.aisleSeen[name] || {})[which] || whole;
		});
	};
	request.url = filled(request.url);
	if (typeof request.body === "string") request.body = filled(request.body);
	return request;
}

function remember(response) {
	var seen = window.aisleSeen, answer;
	try { answer = JSON.parse(response.text); } catch (e) { return response; }
	if (!response.ok || answer === null || answer.openapi) return response;
	(Array.isArray(answer.items) ? answer.items.slice().reverse() : []).concat([answer]).forEach(function (part) {
		for (var name in part) {
			var had = seen[name] || {};
			if (typeof part[name] === "string" && part[name] !== had.latest) {
				seen[name] = { latest: part[name], previous: had.latest };
			}
		}
	});
	return response;
}

// Operations stand in the order of a person's work, which the document numbers.
function inOrder(a, b) {
	return a.getIn(["operation", "x-order"]) - b.getIn(["operation", "x-order"]);
}

window.ui = SwaggerUIBundle({
	url: "/openapi.json",
	dom_id: "#swagger-ui",
	deepLinking: true,
	presets: [SwaggerUIBundle.presets.apis],
	plugins: [SwaggerUIBundle.plugins.DownloadUrl, aisle],
	layout: "BaseLayout",
	showExtensions: false,
	showCommonExtensions: true,
	validatorUrl: null,
	defaultModelsExpandDepth: -1,
	persistAuthorization: true,
	filter: true,
	operationsSorter: inOrder,
	requestInterceptor: fill,
	responseInterceptor: remember,
});
