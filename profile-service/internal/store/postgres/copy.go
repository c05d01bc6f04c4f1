package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"

	"github.com/jackc/pgx/v5"
)

// copyData builds the binary form of COPY. pgx's own CopyFrom asks the server for the column types each time and boxes every value, which for the few
// plain types here costs as much as storing the rows.
type copyData struct{ buf []byte }

// newCopyData returns the header with room for size bytes.
func newCopyData(size int) *copyData {
	d := &copyData{buf: make([]byte, 0, size)}
	d.buf = append(d.buf, "PGCOPY\n\xff\r\n\x00"...)
	d.buf = append(d.buf, 0, 0, 0, 0, 0, 0, 0, 0) // no flags, no extension
	return d
}

// row begins a row of n columns.
func (d *copyData) row(n int) { d.buf = binary.BigEndian.AppendUint16(d.buf, uint16(n)) }

func (d *copyData) length(n int) { d.buf = binary.BigEndian.AppendUint32(d.buf, uint32(n)) }

// null writes an SQL null: a length of −1.
func (d *copyData) null() { d.buf = append(d.buf, 0xff, 0xff, 0xff, 0xff) }

// text writes a text.
func (d *copyData) text(s string) {
	d.length(len(s))
	d.buf = append(d.buf, s...)
}

// optional writes a text, "" as null.
func (d *copyData) optional(s string) {
	if s == "" {
		d.null()
		return
	}
	d.text(s)
}

// integer writes a bigint.
func (d *copyData) integer(v int64) {
	d.length(8)
	d.buf = binary.BigEndian.AppendUint64(d.buf, uint64(v))
}

// int4 writes an integer.
func (d *copyData) int4(v int64) {
	d.length(4)
	d.buf = binary.BigEndian.AppendUint32(d.buf, uint32(v))
}

// float writes a double precision, nil as null.
func (d *copyData) float(v *float64) {
	if v == nil {
		d.null()
		return
	}
	d.length(8)
	d.buf = binary.BigEndian.AppendUint64(d.buf, math.Float64bits(*v))
}

// bytes writes a bytea, nil as null.
func (d *copyData) bytes(b []byte) {
	if b == nil {
		d.null()
		return
	}
	d.length(len(b))
	d.buf = append(d.buf, b...)
}

// send ends the data and copies it into a table by "copy table (columns) from stdin binary".
func (d *copyData) send(ctx context.Context, tx pgx.Tx, statement string) error {
	d.buf = append(d.buf, 0xff, 0xff) // the trailer: a row of −1 columns
	_, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(d.buf), statement)
	return err
}
