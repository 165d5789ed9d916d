package handler

import (
	"embed"
	"io/fs"
)

//go:embed page
var page embed.FS

// Page returns the files of the web page: a to-do list in a browser that talks to
// the API. index.html has a place for what it must know, which whoever serves it
// fills in: <meta name="todoctl" content="{}">.
func Page() fs.FS {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}
