//go:build !windows

package main

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var shots = flag.Bool("shots", false, "take the README's pictures of the page anew")

// TestTheReadmesPicturesAreOfThePage takes them with -shots (`make shots`). In any
// other run it holds that they are there, and that somebody who sees none is told.
func TestTheReadmesPicturesAreOfThePage(t *testing.T) {
	pictures := map[string]device{
		"page-desktop.png": {width: 1000, height: 720, fine: true},
		"page-phone.png":   {width: 360, height: 740, dark: true, fine: true},
	}
	docs := filepath.Join("..", "..", "docs")
	if *shots {
		s := newStand(t)
		s.holds("Return the library books", "Read chapter 7: serverless for free", "Water the tomatoes", "Book the train to Lyon", "Call the dentist", "Buy groceries")
		for _, item := range s.items() {
			if task := item["task"]; task == "Water the tomatoes" || task == "Return the library books" {
				s.call("PUT", "/"+fmt.Sprint(item["id"]), `{"completed": true}`)
			}
		}
		for name, on := range pictures {
			x := s.opens(t, on)
			x.wait(`document.getElementById("summary").textContent === "2 of 6 done"`)
			if err := os.WriteFile(filepath.Join(docs, name), x.shot(), 0o600); err != nil {
				t.Fatal(err)
			}
			x.clean()
		}
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name, on := range pictures {
		data, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Fatal(err)
		}
		about, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil || about.Width != int(2*on.width) || about.Height != int(2*on.height) || len(data) > 200<<10 {
			t.Errorf("%s is %d x %d in %d bytes, %v", name, about.Width, about.Height, len(data), err)
		}
		if !regexp.MustCompile(`<img src="docs/` + name + `" width="\d+" alt="[^"]{40,}">`).Match(readme) {
			t.Errorf("README.md does not show %s, or not to somebody who cannot see it", name)
		}
	}
}
