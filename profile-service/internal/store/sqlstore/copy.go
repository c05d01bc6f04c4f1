package sqlstore

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/jackc/pgx/v5"
)

// copyEvents stores events in Postgres by the binary form of COPY. pgx's own CopyFrom asks the server for the column types each time and
// boxes every value, which for the few plain types here costs as much as storing the rows. columns are those of insertEvents: visitor, seq,
// occurred_ms, id_hash, session (null when 0), shop_id (integer), type (smallint), body. A
// field is its length in bytes as int32 and then the bytes, big-endian; the length of null is
// −1. COPY has no ON CONFLICT: the repeats have to be out.
func (t *tx) copyEvents(ctx context.Context, columns []column) error {
	bodies := columns[len(columns)-1].blobs
	b := append(make([]byte, 0, 160*len(bodies)), "PGCOPY\n\xff\r\n\x00"...)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // no flags, no extension
	for i := range bodies {
		b = binary.BigEndian.AppendUint16(b, uint16(len(columns)))
		for c := range columns[:len(columns)-1] {
			v := columns[c].ints[i]
			switch {
			case columns[c].null && v == 0:
				b = binary.BigEndian.AppendUint32(b, 0xffffffff)
			case columns[c].name == "shop_id":
				b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, 4), uint32(v))
			case columns[c].name == "type":
				b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(b, 2), uint16(v))
			default:
				b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), uint64(v))
			}
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(bodies[i]))), bodies[i]...)
	}
	b = append(b, 0xff, 0xff) // the trailer: a row of −1 columns
	return t.pgx(func(conn *pgx.Conn) error {
		_, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(b),
			"copy events (visitor, seq, occurred_ms, id_hash, session, shop_id, type, body) from stdin binary")
		return err
	})
}
