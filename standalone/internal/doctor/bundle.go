package doctor

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"

	"github.com/aisle-rec/aisle/shared/process"
)

// The forms of secrets: keys of Aisle, passwords in addresses, pairs such as password=…, and
// headers of authorization.
var (
	anyKey      = regexp.MustCompile(`\b(sk|pk|ik)_[a-z2-7]{32}\b`)
	anyPassword = regexp.MustCompile(`://[^\s/"'@]*:[^\s"']*@`)
	anyPair     = regexp.MustCompile(`(?i)\b(password|passwd|pwd|secret|token)(["']?\s*[=:]\s*["']?)[^\s"',;&]{3,}`)
	anyBearer   = regexp.MustCompile(`(?i)\b(bearer|basic) [A-Za-z0-9._~+/=-]{8,}`)
)

// clean takes everything out of a text that has the form of a secret: what is packed was made
// without them, but the messages of drivers and of proxies are anybody's. Taking out too much
// is no harm.
func clean(text []byte) []byte {
	text = anyKey.ReplaceAll(text, []byte("${1}_"+process.Hidden))
	text = anyPassword.ReplaceAll(text, []byte("://"+process.Hidden+"@"))
	text = anyBearer.ReplaceAll(text, []byte("$1 "+process.Hidden))
	return anyPair.ReplaceAll(text, []byte("$1$2"+process.Hidden))
}

// WriteBundle writes the report and what it rests on as a gzipped tar archive, readable by its owner alone; a file that is there stays.
func (x *Examined) WriteBundle(path string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	if err = errors.Join(x.pack(f), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write the bundle %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// pack writes the archive: the same report makes the same files in the same order.
func (x *Examined) pack(w io.Writer) error {
	report, err := json.MarshalIndent(x.Report, "", "  ")
	if err != nil {
		return err
	}
	files := maps.Clone(x.evidence)
	files["report.json"] = report
	zipped := gzip.NewWriter(w)
	archive := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := clean(files[name])
		header := &tar.Header{Name: "aisle-doctor/" + name, Mode: 0o600, Size: int64(len(text)), ModTime: x.Report.At}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(text); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), zipped.Close())
}
