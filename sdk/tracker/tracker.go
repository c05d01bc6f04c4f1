// Package tracker has the script that a storefront loads: it posts what visitors do and fills placements. It is served as it is written, so
// that a shop can read what runs in its pages; nothing builds it.
package tracker

import (
	"bytes"
	"crypto/sha512"
	_ "embed" // for aisle.js
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Prefix is where the script is served.
const Prefix = "/aisle/"

// version is raised when a page that uses the script would have to change.
const version = "1"

//go:embed aisle.js
var script []byte

// Integrity is the value of the tag's integrity attribute.
func Integrity() string {
	sum := sha512.Sum384(script)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Path is where just this script is served, for ever the same; a tag with Integrity names it.
func Path() string { return Prefix + version + "-" + digest() + "/aisle.js" }

func digest() string {
	sum := sha512.Sum384(script)
	return hex.EncodeToString(sum[:8])
}

// Handler serves the script at Path, and the newest of the version at /aisle/1/aisle.js. Pages of any origin may load it.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch strings.TrimPrefix(r.URL.Path, Prefix) {
		case version + "/aisle.js":
			w.Header().Set("Cache-Control", "public, max-age=3600")
		case version + "-" + digest() + "/aisle.js":
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		default:
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", "*") // which integrity asks for
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("ETag", `"`+digest()+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(script))
	})
}
