package rows

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// BenchmarkEventRows reads a CSV of purchases into the objects that are stored; rows/s are per CPU second, as it is one goroutine.
func BenchmarkEventRows(b *testing.B) {
	const rows = 20_000
	var file strings.Builder
	file.WriteString("event_time,event_type,product_id,category_code,brand,price,user_id,user_session,order_id\n")
	for i := range rows {
		fmt.Fprintf(
			&file, "2026-11-26 10:%02d:%02d UTC,purchase,%d,electronics.phone,ora,%d.79,%d,s-%d,%d\n", i/60%60, i%60, 100+i%997, i%400,
			i/20, i/9, i/3,
		)
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		r, err := Open(b.Context(), profileapi.ImportSpec{Kind: "events", Format: "auto"}, strings.NewReader(file.String()), time.Now())
		n := 0
		for err == nil {
			if _, err = r.Next(); err == nil {
				n++
			}
		}
		r.Close()
		if !errors.Is(err, io.EOF) || n != rows {
			b.Fatalf("%d rows, %v", n, err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(rows)/float64(b.N), "µs/row")
}
