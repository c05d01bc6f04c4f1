package gateway

import (
	_ "embed" // for answers.json
	"encoding/json"
	"errors"
	"fmt"
)

// answers are what the operations answered to their examples, by operationId. TestReference writes them with -update-answers, and holds
// them against the document's schemas.
//
//go:embed answers.json
var answers []byte

// answer is an example of an answer.
type answer struct {
	Status  string          `json:"status"`
	Type    string          `json:"type"` // content type
	Example json.RawMessage `json:"example"`
}

// withAnswers puts the examples of answers into a document. One that the document has no place for is left out: services behind a gateway
// may be of another version.
func withAnswers(doc map[string]any) error {
	var all map[string]answer
	if err := json.Unmarshal(answers, &all); err != nil {
		return fmt.Errorf("read the examples of answers: %w", err)
	}
	var errs []error
	for _, path := range child(doc, "paths") {
		for _, op := range path.(map[string]operation) {
			var id string
			errs = append(errs, json.Unmarshal(op["operationId"], &id))
			if a, ok := all[id]; ok {
				errs = append(errs, a.show(op))
			}
		}
	}
	return errors.Join(errs...)
}

// show puts the example into an operation, where it documents an answer of this status and
// type.
func (a answer) show(op operation) error {
	var responses map[string]map[string]json.RawMessage
	if err := json.Unmarshal(op["responses"], &responses); err != nil {
		return err
	}
	response := responses[a.Status]
	if response["content"] == nil {
		return nil
	}
	var content map[string]map[string]json.RawMessage
	if err := json.Unmarshal(response["content"], &content); err != nil {
		return err
	}
	if content[a.Type] == nil {
		return nil
	}
	content[a.Type]["example"] = a.Example
	var err error
	if response["content"], err = json.Marshal(content); err != nil {
		return err
	}
	op["responses"], err = json.Marshal(responses)
	return err
}
