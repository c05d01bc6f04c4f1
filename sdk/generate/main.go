// Command generate makes the clients for Go, TypeScript and Python from the OpenAPI document of a running Aisle:
//
//	go run ./sdk/generate -api http://127.0.0.1:8080 -out sdk
//
// It writes sdk/openapi.json, the document itself, the generated file of each client, and where -samples names a file, programs that send
// the example of each operation, in each language, for the reference page. What is the same for every operation (retries,
// deadlines, problems) is written by hand beside them.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

func main() {
	from := flag.String("api", "http://127.0.0.1:8080", "address of a running Aisle")
	out := flag.String("out", "sdk", "folder of the clients")
	samples := flag.String("samples", "", "file of the reference page's samples")
	flag.Parse()
	if err := run(*from, *out, *samples); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run asks for the document and writes all files; samples "" writes none of them. A client is
// written only when it could be made as a whole.
func run(from, out, samples string) error {
	answer, err := http.Get(from + "/openapi.json")
	if err != nil {
		return fmt.Errorf("ask for the OpenAPI document: %w", err)
	}
	defer answer.Body.Close()
	document, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("ask for the OpenAPI document: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("ask for the OpenAPI document: %s", answer.Status)
	}
	a, err := read(document)
	if err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, document, "", " "); err != nil {
		return fmt.Errorf("read the OpenAPI document: %w", err)
	}
	if err := os.WriteFile(filepath.Join(out, "openapi.json"), indented.Bytes(), 0o644); err != nil {
		return err
	}
	files := map[string]func(*api) ([]byte, error){
		filepath.Join(out, "go/api.go"): goClient, filepath.Join(out, "typescript/src/api.ts"): typescriptClient,
		filepath.Join(out, "python/aisle/_api.py"): pythonClient,
	}
	if samples != "" {
		files[samples] = samplesOf
	}
	for name, write := range files {
		data, err := write(a)
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
