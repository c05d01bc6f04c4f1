package process

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
)

// withSecrets completes variables for structs of settings: where NAME_FILE is set for a setting NAME, its value is the content of that
// file. A file is seen by fewer eyes than an environment, and orchestrators hand secrets over in files.
func withSecrets(variables map[string]string, settings ...any) (map[string]string, error) {
	var problems []error
	for _, one := range settings {
		fields, err := env.GetFieldParams(one)
		if err != nil {
			return nil, err
		}
		for _, f := range fields {
			file := variables[f.Key+"_FILE"]
			if file == "" || f.Key == "" {
				continue
			}
			if variables[f.Key] != "" {
				problems = append(problems, fmt.Errorf("%s and %s_FILE are both set: leave one out", f.Key, f.Key))
				continue
			}
			value, err := SecretFile(file)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s_FILE: %w", f.Key, err))
			}
			variables[f.Key] = value
		}
	}
	return variables, errors.Join(problems...)
}

// SecretFile reads a secret from a file, without the line's end that editors leave.
func SecretFile(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	value := strings.TrimRight(string(data), "\r\n")
	if value == "" || strings.ContainsAny(value, "\r\n") {
		return "", fmt.Errorf("%s does not hold one line: write the value into it and nothing else", path)
	}
	return value, nil
}
