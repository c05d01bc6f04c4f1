// Package useragent tells programs that read pages by what they call themselves.
package useragent

import "github.com/mileusna/useragent"

// Robot returns the name of the crawler, monitor or headless browser that a User-Agent header names, "" for a browser that a person may sit
// at, and for a header that says nothing.
func Robot(header string) string {
	agent := useragent.Parse(header)
	if agent.Bot || agent.Name == useragent.HeadlessChrome {
		return agent.Name
	}
	return ""
}
