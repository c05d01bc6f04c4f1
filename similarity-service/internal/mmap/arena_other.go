//go:build !linux

package mmap

import "errors"

func mapFile(int) (file, error) { return file{}, errors.ErrUnsupported }

func unmap([]byte) error { return errors.ErrUnsupported }

func (a *Arena) keepTrimming() (stop func()) { return func() {} }
