package console

// pages lists what the console answers.
func (c *console) pages() []page {
	return []page{
		{pattern: "GET " + Root + "/{$}", template: "overview", title: "Overview", section: "overview", handle: c.overview},
	}
}
