//go:build !linux

package mmap

import "errors"

func mapFile(int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmap([]byte) error { return errors.ErrUnsupported }

func (a *Arena) keepTrimming() (stop func()) { return func() {} }
