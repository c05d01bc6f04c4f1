package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// connection is a kept HTTP/1.1 connection that sends rendered requests. It does less than net/http, because the client shares the processors with
// the servers that it measures.
type connection struct {
	net.Conn
	reader *bufio.Reader
	body   []byte // of the last answer
}

func dial(addr string) (*connection, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return &connection{Conn: c, reader: bufio.NewReaderSize(c, 32<<10)}, nil
}

// render makes the bytes of a POST of a JSON body.
func render(path string, body []byte) []byte {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, len(body))
	return append([]byte(head), body...)
}

// exchange sends a request and reads the whole answer into c.body. A status other than 200 is an error.
func (c *connection) exchange(request []byte) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	ok := bytes.HasPrefix(line, []byte("HTTP/1.1 200 "))
	status := ""
	if !ok {
		status = string(bytes.TrimSpace(line))
	}
	if err := c.readBody(); err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s: %s", status, c.body)
	}
	return nil
}

// readBody reads the headers behind the status line and then the body.
func (c *connection) readBody() error {
	length, chunked := -1, false
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return fmt.Errorf("read the length of the answer: %w", err)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	c.body = c.body[:0]
	switch {
	case chunked:
		return c.readChunks()
	case length < 0:
		return errors.New("the answer has no length")
	}
	return c.readPart(length)
}

func (c *connection) readChunks() error {
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return fmt.Errorf("read the length of a chunk: %w", err)
		}
		if err := c.readPart(int(size)); err != nil {
			return err
		}
		if _, err := c.reader.Discard(len("\r\n")); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}

func (c *connection) readPart(n int) error {
	from := len(c.body)
	c.body = append(c.body, make([]byte, n)...)
	_, err := io.ReadFull(c.reader, c.body[from:])
	return err
}
