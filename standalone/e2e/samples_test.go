package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"
)

// samplesFile is where sdk/generate puts the code samples of the reference page.
const samplesFile = "../internal/gateway/samples.json"

// samplesIn returns the sources of one language by operation.
func samplesIn(t *testing.T, language string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(samplesFile)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]struct{ Label, Source string }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for operation, list := range all {
		for _, s := range list {
			if s.Label == language {
				sources[operation] = s.Source
			}
		}
	}
	if len(sources) < 100 {
		t.Fatalf("%d samples in %s", len(sources), language)
	}
	return sources
}

// TestEverySampleRuns runs the samples of every operation in each language, in the order of the reference page, against a program of its
// own. What stands for something of an earlier answer is filled in as the page does.
func TestEverySampleRuns(t *testing.T) {
	t.Parallel()
	for language, prepare := range map[string]func(t *testing.T, sources map[string]string) runSample{
		"curl": shellSamples, "Go": goSamples, "Python": pythonSamples, "TypeScript": nodeSamples,
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			sources := samplesIn(t, language)
			run := prepare(t, sources)
			ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
			defer cancel()
			d := startStandalone(t, t.TempDir())
			seedVisits(t, ctx, d.connect(""))
			r := &reference{base: "http://" + d.programs[0].address, latest: map[string]string{}, previous: map[string]string{}}
			for _, op := range r.operations(t, ctx) {
				r.runSoon(t, ctx, op.ID, sources[op.ID], run)
			}
		})
	}
}

// runSample runs the sample of an operation; its standard output is the answer.
type runSample func(ctx context.Context, r *reference, operation, source string) ([]byte, error)

// later are the refusals that say that what the sample asks for is still being made; of a job that is to be cancelled, that it was done.
var later = regexp.MustCompile(`\b(404|409|503)\b`)

func (r *reference) runSoon(t *testing.T, ctx context.Context, operation, source string, run runSample) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		out, err := run(ctx, r, operation, source)
		refused := refusal.Match(out)
		if err == nil && !refused {
			r.remember(out)
			return
		}
		if operation == "cancel-job" && strings.Contains(fmt.Sprintf("%s %v", out, err), "409") {
			return
		}
		if n == 60 || !later.MatchString(fmt.Sprintf("%s %v", out, err)) {
			t.Errorf("%s: %v\n%s\n%s", operation, err, source, out)
			return
		}
		<-tick.C
	}
}

// here is a sample with the address of the program under test, and placeholders filled in.
func (r *reference) here(source string) string {
	return r.filled(strings.ReplaceAll(source, "http://127.0.0.1:8080", r.base))
}

// output runs a program and returns what it printed; what it complained about is in the error.
func output(cmd *exec.Cmd) ([]byte, error) {
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, said.String())
	}
	return out, err
}

func shellSamples(*testing.T, map[string]string) runSample {
	return func(ctx context.Context, r *reference, _, source string) ([]byte, error) {
		return output(exec.CommandContext(ctx, "bash", "-c", r.here(source)))
	}
}

// pythonDriver runs each source that it reads, a JSON text a line, as a program of its own; nodeDriver does so with files.
const (
	pythonDriver = `import base64, contextlib, io, json, sys, traceback
for line in sys.stdin:
    out, error = io.TextIOWrapper(io.BytesIO(), write_through=True), ""
    with contextlib.redirect_stdout(out):
        try:
            exec(json.loads(line), {"__name__": "__main__"})
        except BaseException:
            error = traceback.format_exc()
    print(json.dumps({"out": base64.b64encode(out.buffer.getvalue()).decode(), "error": error}), flush=True)
`
	nodeDriver = `import { createInterface } from "node:readline";
let out = "";
console.log = (text) => { out += text + "\n"; };
for await (const file of createInterface({ input: process.stdin })) {
  let error = "";
  out = "";
  try { await import(JSON.parse(file)); } catch (e) { error = String(e.stack ?? e); }
  process.stdout.write(JSON.stringify({ out: Buffer.from(out).toString("base64"), error }) + "\n");
}
`
)

// driver is a process that runs one sample after another: starting an interpreter costs ten times what a sample does.
type driver struct {
	to   *json.Encoder
	from *json.Decoder
}

// startDriver starts the process; it ends when the test does, or after three times the patience, when a sample hangs.
func startDriver(t *testing.T, cmd *exec.Cmd) *driver {
	t.Helper()
	to, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(3*patience, func() { _ = cmd.Process.Kill() }) // fails only when it has ended
	t.Cleanup(func() {
		to.Close()
		err := cmd.Wait()
		late.Stop()
		if err != nil || said.Len() > 0 {
			t.Errorf("the driver of the samples: %v: %s", err, said.String())
		}
	})
	return &driver{to: json.NewEncoder(to), from: json.NewDecoder(from)}
}

// run has the process run a sample.
func (d *driver) run(sample string) ([]byte, error) {
	var done struct {
		Out   []byte // base64 in JSON: a download need not be text
		Error string
	}
	err := d.to.Encode(sample)
	if err == nil {
		err = d.from.Decode(&done)
	}
	if err == nil && done.Error != "" {
		err = errors.New(done.Error)
	}
	return done.Out, err
}

func pythonSamples(t *testing.T, _ map[string]string) runSample {
	cmd := exec.Command(interpreter(t, "python3", "-c", "import sys; assert sys.version_info >= (3, 11)"), "-c", pythonDriver)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(clientsFolder, "python"), "PYTHONDONTWRITEBYTECODE=1")
	d := startDriver(t, cmd)
	return func(_ context.Context, r *reference, _, source string) ([]byte, error) { return d.run(r.here(source)) }
}

// nodeSamples also has the TypeScript compiler check all of them, where npm may bring it.
func nodeSamples(t *testing.T, sources map[string]string) runSample {
	node := interpreter(t, "node", "-e", "if (!globalThis.fetch) process.exit(1)")
	client, err := filepath.Abs(filepath.Join(clientsFolder, "typescript/src/index.ts"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	typeCheck(t, dir, client, sources)
	d := startDriver(t, exec.Command(node, "--input-type=module", "-e", nodeDriver))
	tried := 0
	return func(_ context.Context, r *reference, operation, source string) ([]byte, error) {
		tried++ // a file that was imported is not run again
		file := filepath.Join(dir, fmt.Sprintf("%s-%d.mjs", operation, tried))
		made := api.Build(api.BuildOptions{
			Stdin:    &api.StdinOptions{Contents: r.here(source), Loader: api.LoaderTS, ResolveDir: dir},
			Bundle:   true,
			Write:    true,
			Outfile:  file,
			Platform: api.PlatformNode,
			Format:   api.FormatESModule,
			Alias:    map[string]string{"@aisle-rec/client": client},
		})
		if len(made.Errors) > 0 {
			return nil, fmt.Errorf("%+v", made.Errors)
		}
		return d.run(file)
	}
}

// typeCheck compiles TypeScript samples with the version of the compiler that the client's package names.
func typeCheck(t *testing.T, dir, client string, sources map[string]string) {
	t.Helper()
	npx, err := exec.LookPath("npx")
	if err != nil {
		t.Log("LEFT OUT: there is no npx, so that the samples' types are not checked")
		return
	}
	if err := exec.Command(npx, "--yes", "--package", "typescript@5.9.3", "tsc", "--version").Run(); err != nil {
		t.Logf("LEFT OUT: npx cannot bring the TypeScript compiler: %v", err)
		return
	}
	settings, err := json.Marshal(map[string]any{
		"compilerOptions": map[string]any{
			"target": "es2022", "lib": []string{"es2023", "dom", "dom.iterable"}, "module": "nodenext", "strict": true, "noEmit": true,
			"types": []string{}, "allowImportingTsExtensions": true, "moduleDetection": "force",
			"paths": map[string][]string{"@aisle-rec/client": {client}},
		},
		"include": []string{"*.mts", "*.d.ts"},
	})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"tsconfig.json": string(settings),
		"node.d.ts":     "declare const process: { env: Record<string, string | undefined> };\n",
	}
	for operation, source := range sources {
		files[operation+".mts"] = source
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(npx, "--yes", "--package", "typescript@5.9.3", "tsc", "-p", ".")
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the samples are not those of the client's types: %v\n%.3000s", err, said)
	}
}

// goPlaceholder is a text of a sample that is filled in.
var goPlaceholder = regexp.MustCompile(`"(?:latest|previous)-[a-z_]+"`)

// goSamples compiles all samples into one program that runs the one it is told to; what is filled in comes from its environment.
func goSamples(t *testing.T, sources map[string]string) runSample {
	client, err := filepath.Abs(filepath.Join(clientsFolder, "go"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{
		"go.mod": "module samples\n\ngo 1.26\n\nrequire github.com/aisle-rec/aisle/sdk/go v0.0.0\n\nreplace " +
			"github.com/aisle-rec/aisle/sdk/go => " +
			client + "\n",
	}
	table := "package main\n\nimport \"os\"\n\nfunc main() {\n\tmap[string]func(){\n"
	for operation, source := range sources {
		name := "sample_" + strings.ReplaceAll(operation, "-", "_")
		source = strings.Replace(source, "func main() {", "func "+name+"() {", 1)
		source = strings.ReplaceAll(source, `"http://127.0.0.1:8080"`, `os.Getenv("AISLE_URL")`)
		files[name+"_.go"] = goPlaceholder.ReplaceAllString(source, "os.Getenv($0)")
		table += fmt.Sprintf("\t\t%q: %s,\n", operation, name)
	}
	files["main.go"] = table + "\t}[os.Args[1]]()\n}\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-o", "samples", ".")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the samples do not compile: %v\n%.3000s", err, said)
	}
	return func(ctx context.Context, r *reference, operation, source string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, filepath.Join(dir, "samples"), operation)
		cmd.Env = append(os.Environ(), "AISLE_URL="+r.base)
		for _, p := range goPlaceholder.FindAllString(source, -1) {
			cmd.Env = append(cmd.Env, strings.Trim(p, `"`)+"="+r.filled(strings.Trim(p, `"`)))
		}
		return output(cmd)
	}
}

// TestTheReferencePageShowsSamples opens the page in a browser, searches, chooses a language, and finds it chosen on the next visit.
func TestTheReferencePageShowsSamples(t *testing.T) {
	t.Parallel()
	d := startStandalone(t, t.TempDir())
	page := "http://" + d.programs[0].address + "/reference"
	ctx := browser(t)
	const shown = `document.querySelector(".aisle-samples pre").textContent`
	operations := `document.querySelectorAll(".opblock").length`
	var all, found int
	var curl, inGo, again string
	open := chromedp.Tasks{
		chromedp.Navigate(page), chromedp.WaitVisible(`#operations-Recommendations-recommend .opblock-summary-control`),
		chromedp.Evaluate(`document.querySelector("#operations-Recommendations-recommend .opblock-summary-control").click()`, nil),
		chromedp.WaitVisible(`.aisle-samples pre`),
	}
	err := chromedp.Run(ctx, open,
		chromedp.Evaluate(shown, &curl),
		chromedp.Evaluate(`[...document.querySelectorAll(".aisle-samples [role=tab]")].find((b) => b.textContent === "Go").click()`, nil),
		holds(`document.querySelector(".aisle-samples [aria-selected=true]").textContent === "Go"`),
		chromedp.Evaluate(shown, &inGo),
		open, chromedp.Evaluate(shown, &again),
		chromedp.Evaluate(operations, &all),
		chromedp.SendKeys(`.operation-filter-input`, "undo IMPORT"),
		holds(operations+` < 5`),
		chromedp.Evaluate(operations, &found),
	)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(curl, page[:len(page)-len("/reference")]+"/v1/recommendations") || !strings.Contains(inGo, "shop.Recommend(ctx") ||
		again != inGo || all < 100 || found == 0 {
		t.Errorf("%d operations, %d found; the samples are\n%s\n%s\n%s", all, found, curl, inGo, again)
	}
	if resp, err := http.Get(page + "/samples.json"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the samples themselves: %v, %v", resp, err)
	}
}
