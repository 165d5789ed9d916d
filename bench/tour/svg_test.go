//go:build linux || darwin

package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hinshun/vt10x"
)

// An element is one of an SVG's.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// all are the elements of a name, wherever they stand.
func (e element) all(name string) []element {
	var found []element
	if e.XMLName.Local == name {
		found = append(found, e)
	}
	for _, child := range e.Children {
		found = append(found, child.all(name)...)
	}
	return found
}

func svg(t *testing.T, text []byte) element {
	t.Helper()
	var root element
	if err := xml.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	return root
}

// screenOf reads a frame's letters out of the drawing, where they stand.
func screenOf(t *testing.T, root, frame element) []string {
	t.Helper()
	drawn := map[string]element{}
	for _, g := range root.all("defs")[0].all("g") {
		drawn["#"+g.attr("id")] = g
	}
	lines := make([]string, rows)
	for _, use := range frame.all("use") {
		y, err := strconv.ParseFloat(use.attr("y"), 64)
		if err != nil {
			t.Fatal(err)
		}
		row, known := drawn[use.attr("href")]
		if !known {
			t.Fatalf("the row %s is not drawn", use.attr("href"))
		}
		line := []rune(strings.Repeat(" ", columns))
		for _, text := range row.all("text") {
			x, err := strconv.ParseFloat(text.attr("x"), 64)
			if err != nil {
				t.Fatal(err)
			}
			copy(line[int(x/width+.5):], []rune(text.Text))
		}
		lines[int(y/height+.5)] = strings.TrimRight(string(line), " ")
	}
	return lines
}

// TestTheDrawingIsTheRecordings reads every frame back from the file, and the last
// one against the screen that the recording ends with.
func TestTheDrawingIsTheRecordings(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("..", "..", "docs", "tour.svg"))
	if err != nil {
		t.Fatal(err)
	}
	c := recorded(t)
	frames := film(c)
	if !bytes.Equal(draw(frames), file) {
		t.Errorf("the SVG is not drawn from the cast; %s", again)
	}
	if len(file) > 300_000 {
		t.Errorf("the SVG has %d bytes: too many for a README", len(file))
	}
	root := svg(t, file)
	var strip element
	for _, g := range root.all("g") {
		if g.attr("class") == "s" {
			strip = g
		}
	}
	if len(strip.Children) != len(frames) {
		t.Fatalf("%d frames are drawn, the recording has %d", len(strip.Children), len(frames))
	}
	for i, g := range strip.Children {
		if got, want := screenOf(t, root, g), frames[i].text(); !slices.Equal(got, want) {
			t.Fatalf("frame %d reads\n%s\nwant\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	screen := vt10x.New(vt10x.WithSize(columns, rows))
	_, _ = screen.Write([]byte(c.said()))
	var want []string
	for line := range strings.SplitSeq(screen.String(), "\n") {
		want = append(want, strings.TrimRight(line, " "))
	}
	if got := screenOf(t, root, strip.Children[len(frames)-1]); !slices.Equal(got, want[:rows]) {
		t.Errorf("the last frame reads\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// GitHub shows an SVG as a picture: no program in it runs and nothing is fetched.
func TestTheDrawingNeedsNothingElse(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("..", "..", "docs", "tour.svg"))
	if err != nil {
		t.Fatal(err)
	}
	root := svg(t, file)
	for _, name := range []string{"script", "foreignObject", "image", "a", "animate"} {
		if len(root.all(name)) > 0 {
			t.Errorf("there is a <%s> in it", name)
		}
	}
	if outside := regexp.MustCompile(`url\(|@import|href="[^#]`).Find(file); outside != nil {
		t.Errorf("it points outside: %s", outside)
	}
	for _, want := range []string{"prefers-color-scheme:dark", "prefers-reduced-motion", "monospace"} {
		if !bytes.Contains(file, []byte(want)) {
			t.Errorf("its style sheet has no %s", want)
		}
	}
}

func TestColumnsAreDrawnWhereTheyStand(t *testing.T) {
	screen := cast{events: []event{
		{0, "o", "\x1b[32m✓\x1b[0m table     created <TodoTable>\r\n"},
		{time.Second, "o", "\x1b[32m✓\x1b[0m role      & \"done\"\r\n\x1b[7m  \x1b[0m"},
	}}
	frames := film(screen)
	root := svg(t, draw(frames))
	strip := root.all("g")[len(root.all("g"))-len(frames):]
	got := screenOf(t, root, strip[1])
	if got[0] != "✓ table     created <TodoTable>" || got[1] != `✓ role      & "done"` {
		t.Errorf("drawn as %q", got[:2])
	}
	if len(root.all("defs")[0].all("g")) != 3 {
		t.Errorf("%d rows are drawn for three distinct ones", len(root.all("defs")[0].all("g")))
	}
	if first := root.all("text")[0]; first.Text != "✓" || first.attr("class") != "f2" {
		t.Errorf("the first letter is %q in class %q, want a green mark", first.Text, first.attr("class"))
	}
}

// What stands for less than a blink is not a frame, and what comes after it is.
func TestAFrameStandsForABlinkAtLeast(t *testing.T) {
	frames := film(cast{events: []event{
		{0, "o", "a"}, {50 * time.Millisecond, "o", "b"}, {time.Second, "o", "c"}, {2 * time.Second, "o", ""},
	}})
	var got []string
	for _, f := range frames {
		got = append(got, f.text()[0])
	}
	if !slices.Equal(got, []string{"ab", "abc"}) {
		t.Errorf("the frames say %q", got)
	}
}
