package migrations

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"sync"

	"modernc.org/sqlite"
)

// addFunctions gives SQLite the functions of the migrations that need what Postgres has built in or can be taught. Functions belong to the
// driver, of which a process has one.
var addFunctions = sync.OnceValue(func() error {
	return errors.Join(
		sqlite.RegisterDeterministicScalarFunction("sha256_hex", 1, func(
			_ *sqlite.FunctionContext, args []driver.Value,
		) (driver.Value, error) {
			sum, err := sha256Of(args[0])
			return hex.EncodeToString(sum[:]), err
		}),
		sqlite.RegisterDeterministicScalarFunction("sha256_int64", 1, func(
			_ *sqlite.FunctionContext, args []driver.Value,
		) (driver.Value, error) {
			sum, err := sha256Of(args[0])
			return int64(binary.BigEndian.Uint64(sum[:8])), err
		}),
		sqlite.RegisterDeterministicScalarFunction("event_body", 6, func(
			_ *sqlite.FunctionContext, args []driver.Value,
		) (driver.Value, error) {
			return eventBody(args)
		}),
	)
})

// sha256Of is the hash of the UTF-8 bytes of a text, as sha256(convert_to(…, 'UTF8')) is in
// Postgres. What is no text stops the migration.
func sha256Of(v driver.Value) ([sha256.Size]byte, error) {
	text, ok := v.(string)
	if !ok {
		return [sha256.Size]byte{}, fmt.Errorf("sha256 of a %T: give it a text", v)
	}
	return sha256.Sum256([]byte(text)), nil
}

// eventBody is version 1 of the form of an event's body, as migration 3 of the profile database makes it: id, lag in milliseconds, order
// id, value, lines and the other fields, of which all but the first two may be null. It stays as it is whatever the service writes today.
func eventBody(args []driver.Value) ([]byte, error) {
	id, isText := args[0].(string)
	lag, isInt := args[1].(int64)
	if !isText || !isInt {
		return nil, fmt.Errorf("event_body of a %T and a %T: give it a text and an integer", args[0], args[1])
	}
	order, hasOrder := args[2].(string)
	value, hasValue := args[3].(float64)
	lines, _ := args[4].([]byte)
	rest, _ := args[5].([]byte)
	flags := byte(1)
	for bit, on := range map[byte]bool{2: hasOrder, 4: hasValue, 8: len(lines) > 0} {
		if on {
			flags |= bit
		}
	}
	b := binary.AppendVarint([]byte{1, flags}, lag)
	b = append(binary.AppendUvarint(b, uint64(len(id))), id...)
	if hasOrder {
		b = append(binary.AppendUvarint(b, uint64(len(order))), order...)
	}
	if hasValue {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(value))
	}
	if len(lines) > 0 {
		b = append(binary.AppendUvarint(b, uint64(len(lines))), lines...)
	}
	return append(b, rest...), nil
}
