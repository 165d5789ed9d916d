//go:build linux || darwin

package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// The drawing's measures, in pixels. A letter is 0.6 of its size wide in most
// fonts of one width; textLength makes it so in the others.
const (
	size   = 14.0
	width  = size * 0.6
	height = 18.0
	margin = 16.0

	pageWidth  = columns*width + 2*margin
	pageHeight = rows*height + 2*margin
)

// pause is how long the last screen stands before the film begins again.
const pause = 6 * time.Second

// shades are the sixteen colours on a light and on a dark page.
var shades = [16][2]string{
	{"#24292f", "#6e7681"}, {"#b3121f", "#ff7b72"}, {"#116329", "#3fb950"}, {"#7d4e00", "#d29922"},
	{"#0550ae", "#58a6ff"}, {"#6639ba", "#bc8cff"}, {"#1b7c83", "#39c5cf"}, {"#57606a", "#b1bac4"},
	{"#57606a", "#8b949e"}, {"#a40e26", "#ffa198"}, {"#1a7f37", "#56d364"}, {"#9a6700", "#e3b341"},
	{"#0969da", "#79c0ff"}, {"#8250df", "#d2a8ff"}, {"#1b7c83", "#56d4dd"}, {"#24292f", "#f0f6fc"},
}

// behind are the sixteen colours behind letters, on either page: deep enough for
// letters in white.
var behind = [16]string{
	"#57606a", "#b3121f", "#116329", "#7d4e00", "#0550ae", "#6639ba", "#1b7c83", "#8c959f",
	"#57606a", "#a40e26", "#1a7f37", "#9a6700", "#0969da", "#8250df", "#1b7c83", "#8c959f",
}

// The page's own colours, light and dark.
var (
	paper = [2]string{"#ffffff", "#0d1117"}
	ink   = [2]string{"#1f2328", "#e6edf3"}
	frost = [2]string{"#d0d7de", "#30363d"}
)

// draw makes one SVG of the frames: a strip with all screens beside each other,
// behind a window of one, moved on by a style sheet. Rows that return are drawn
// once. Where nothing may move, or nothing can, the last screen stands.
func draw(frames []frame) []byte {
	d := drawing{known: map[string]string{}}
	var strip bytes.Buffer
	for i, f := range frames {
		fmt.Fprintf(&strip, "<g transform=\"translate(%s)\">", number(float64(i)*pageWidth))
		for y, row := range f.rows {
			if len(row) > 0 {
				fmt.Fprintf(&strip, "<use href=\"#%s\" y=\"%s\"/>", d.row(row), number(float64(y)*height))
			}
		}
		if f.cursor != none {
			fmt.Fprintf(&strip, "<rect class=\"c\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/>",
				number(float64(f.cursor%columns)*width), number(float64(f.cursor/columns)*height), number(width), number(height))
		}
		strip.WriteString("</g>\n")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\" width=\"%[1]s\" height=\"%[2]s\" role=\"img\">\n", number(pageWidth), number(pageHeight))
	b.WriteString("<title>A recording of todoctl in a terminal</title>\n<style>\n")
	styles(&b, frames)
	b.WriteString("</style>\n<defs>\n")
	b.Write(d.rows.Bytes())
	b.WriteString("</defs>\n")
	fmt.Fprintf(&b, "<rect class=\"p\" x=\".5\" y=\".5\" width=\"%s\" height=\"%s\" rx=\"8\"/>\n", number(pageWidth-1), number(pageHeight-1))
	fmt.Fprintf(&b, "<svg x=\"%s\" y=\"%[1]s\" width=\"%s\" height=\"%s\">\n", number(margin), number(columns*width+margin/2), number(rows*height))
	fmt.Fprintf(&b, "<g class=\"s\" transform=\"translate(%s)\">\n", number(-float64(len(frames)-1)*pageWidth))
	b.Write(strip.Bytes())
	b.WriteString("</g>\n</svg>\n</svg>\n")
	return b.Bytes()
}

// A drawing keeps the rows that have been drawn.
type drawing struct {
	rows  bytes.Buffer
	known map[string]string // a row's elements, and their id
}

// row draws a row if it is a new one, and returns its id.
func (d *drawing) row(row []run) string {
	var b strings.Builder
	for _, r := range row {
		if r.look.paper != none {
			fmt.Fprintf(&b, "<rect class=\"b%d\" x=\"%s\" width=\"%s\" height=\"%s\"/>", r.look.paper, number(float64(r.column)*width), number(float64(utf8.RuneCountInString(r.text))*width), number(height))
		}
		for _, w := range words(r) {
			fmt.Fprintf(&b, "<text%s x=\"%s\" y=\"%s\" textLength=\"%s\">%s</text>", class(r.look), number(float64(w.column)*width), number(size), number(float64(utf8.RuneCountInString(w.text))*width), escape(w.text))
		}
	}
	id, known := d.known[b.String()]
	if !known {
		id = fmt.Sprintf("r%d", len(d.known))
		d.known[b.String()] = id
		fmt.Fprintf(&d.rows, "<g id=\"%s\">%s</g>\n", id, b.String())
	}
	return id
}

// gaps are what stands between the columns of a row.
var gaps = regexp.MustCompile(`^ +| {2,}| +$`)

// words parts a run where there is more than one space, which a renderer may make
// one: so the columns stand where they should in every renderer.
func words(r run) []run {
	var words []run
	from := 0
	add := func(until int) {
		if until > from {
			words = append(words, run{r.column + utf8.RuneCountInString(r.text[:from]), r.text[from:until], r.look})
		}
	}
	for _, gap := range gaps.FindAllStringIndex(r.text, -1) {
		add(gap[0])
		from = gap[1]
	}
	add(len(r.text))
	return words
}

func class(l look) string {
	var names []string
	switch {
	case l.paper != none && l.paper != reversed:
		names = append(names, "o")
	case l.ink != none:
		names = append(names, fmt.Sprintf("f%d", l.ink))
	}
	if l.bold {
		names = append(names, "w")
	}
	if l.underline {
		names = append(names, "u")
	}
	if names == nil {
		return ""
	}
	return fmt.Sprintf(" class=%q", strings.Join(names, " "))
}

// styles writes the style sheet: the colours, and when which frame is shown.
func styles(b *bytes.Buffer, frames []frame) {
	b.WriteString("text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,\"Liberation Mono\",\"DejaVu Sans Mono\",monospace;")
	fmt.Fprintf(b, "font-size:%spx}.w{font-weight:bold}.u{text-decoration:underline}.c{opacity:.5}\n", number(size))
	for page, before := range []string{"", "@media(prefers-color-scheme:dark){"} {
		b.WriteString(before)
		fmt.Fprintf(b, ".p{fill:%s;stroke:%s}text,.c,.b16{fill:%s}.f16{fill:%s}.o{fill:#fff}", paper[page], frost[page], ink[page], paper[page])
		for i, shade := range shades {
			fmt.Fprintf(b, ".f%d{fill:%s}", i, shade[page])
		}
		if before != "" {
			b.WriteString("}")
		}
		b.WriteString("\n")
	}
	for i, shade := range behind {
		fmt.Fprintf(b, ".b%d{fill:%s}", i, shade)
	}
	b.WriteString("\n")
	if len(frames) < 2 {
		return
	}
	whole := frames[len(frames)-1].from + pause
	fmt.Fprintf(b, "@media not (prefers-reduced-motion:reduce){.s{animation:s %ss step-end infinite}}\n@keyframes s{", number(whole.Seconds()))
	for i, f := range frames {
		at := f.from
		if i == 0 {
			at = 0
		}
		fmt.Fprintf(b, "%s%%{transform:translate(%spx)}", number(100*at.Seconds()/whole.Seconds()), number(-float64(i)*pageWidth))
	}
	fmt.Fprintf(b, "100%%{transform:translate(%spx)}}\n", number(-float64(len(frames)-1)*pageWidth))
}

// number is short: three digits after the point, and none that say nothing.
func number(f float64) string {
	s := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.3f", f), "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(b.String())
}
