package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func newExplain() *cobra.Command {
	return &cobra.Command{
		Use: "explain [ID]",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage([]string{"todoctl explain " + args[0], helpLine(cmd)}, "explain takes one id at a time").as("TODO-USE-01")
			}
			return nil
		},
		ValidArgsFunction: completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			c := this(cmd)
			if len(args) == 0 {
				return c.explainAll()
			}
			return c.explainOne(args[0])
		},
	}
}

// completeID offers the ids with their titles to a shell.
func completeID(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var offers []string
	for _, e := range catalogue() {
		if strings.HasPrefix(e.ID, strings.ToUpper(typed)) {
			offers = append(offers, cobra.CompletionWithDesc(e.ID, e.Title))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// explainAll lists the catalogue, on stdout: it is what was asked for.
func (c *command) explainAll() error {
	if c.inJSON() {
		c.end = documentOf(catalogue()...)
		return nil
	}
	out := c.reading()
	for _, a := range areas {
		out.line("%s", a.Title)
		for _, e := range a.list {
			out.line("  %-15s %s", e.ID, strings.Join(fold(e.Title, out.width-18), "\n"+strings.Repeat(" ", 18)))
		}
		out.line("")
	}
	out.line("One of them at length: todoctl explain TODO-CRED-01")
	return nil
}

// explainOne tells one problem at length.
func (c *command) explainOne(typed string) error {
	e, ok := find(asID(typed))
	if !ok {
		return unknownID(typed)
	}
	if c.inJSON() {
		c.end = documentOf(e)
		return nil
	}
	out := c.reading()
	out.line("%s", out.paint(bold, e.ID))
	out.paragraph("", sentenceCase(e.Title))
	out.line("")
	out.line("Why")
	out.paragraph("  ", e.Why)
	out.line("")
	out.line("What to do")
	for _, r := range e.Do {
		out.paragraph("  ", r.Say)
		if r.Type != "" {
			out.line("    %s", r.Type)
		}
	}
	out.line("")
	if e.Link != "" {
		out.line("AWS says more")
		out.line("  %s", e.Link)
		out.line("")
	}
	if e.Hint {
		out.line("This is no error: no run ends with it.")
	} else {
		out.line("Exit code: %d", e.Exit)
	}
	return nil
}

// reading is where a text to be read goes: stdout, in plain words.
func (c *command) reading() *words {
	return &words{w: c.Out, width: min(c.Width, 80)}
}

// asID reads an id as people write it: in any case, without TODO in front, with
// blanks or nothing between its parts.
func asID(typed string) string {
	id := strings.ToUpper(strings.NewReplacer(" ", "-", "_", "-", ".", "", ":", "").Replace(strings.TrimSpace(typed)))
	id = strings.TrimPrefix(strings.TrimPrefix(id, "TODO"), "-")
	name := strings.TrimRight(id, "-0123456789")
	number := strings.TrimLeft(id[len(name):], "-")
	if len(number) == 1 {
		number = "0" + number
	}
	return strings.TrimSuffix("TODO-"+name+"-"+number, "-")
}

// unknownID is the Problem of an id that the catalogue does not have, with the
// nearest that it has.
func unknownID(typed string) error {
	p := usage([]string{"todoctl explain"}, "there is no problem %q", typed).as("TODO-USE-10")
	name := (entry{ID: asID(typed) + "-"}).area()
	i := slices.IndexFunc(areas, func(a area) bool { return a.Name == name })
	if i < 0 && len(name) > 1 && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		var names []string
		for _, a := range areas {
			names = append(names, a.Name)
		}
		if near := nearest(name, names); len(near) > 0 {
			i = slices.IndexFunc(areas, func(a area) bool { return a.Name == near[0] })
		}
	}
	if i < 0 {
		var about []string
		for _, e := range mentioning(typed) {
			about = append(about, "todoctl explain "+e.ID+"   ("+e.Title+")")
		}
		p.Fix = append(about, p.Fix...)
		return p
	}
	list := areas[i].list
	meant := list[0].ID
	if _, number, ok := strings.Cut(strings.TrimPrefix(asID(typed), "TODO-"), "-"); ok {
		if e, ok := find("TODO-" + areas[i].Name + "-" + number); ok {
			meant = e.ID
		}
	}
	p.Why = fmt.Sprintf("those of this area are %s to %s", list[0].ID, list[len(list)-1].ID)
	p.Fix = []string{"todoctl explain " + meant + "   (did you mean this?)", "todoctl explain"}
	return p
}

// mentioning are the few entries that a word of a person's own leads to: "403",
// "expired". Those that have it in their title come first.
func mentioning(word string) []entry {
	if len(word) < 3 {
		return nil
	}
	var titles, texts []entry
	for _, e := range catalogue() {
		switch word := strings.ToLower(word); {
		case strings.Contains(strings.ToLower(e.Title), word):
			titles = append(titles, e)
		case strings.Contains(strings.ToLower(e.Why), word):
			texts = append(texts, e)
		}
	}
	all := append(titles, texts...)
	return all[:min(len(all), 3)]
}

// An explainDocument is the catalogue, or one entry of it, as JSON.
type explainDocument struct {
	headline
	Problems []entryDocument `json:"problems"`
}

type entryDocument struct {
	ID    string           `json:"id"`
	Area  string           `json:"area"`
	Title string           `json:"title"`
	Why   string           `json:"why"`
	Do    []remedyDocument `json:"do"`
	Link  string           `json:"link,omitempty"`
	Hint  bool             `json:"hint,omitempty"` // no run ends with it
	Exit  int              `json:"exit"`
}

type remedyDocument struct {
	Say  string `json:"say"`
	Type string `json:"type,omitempty"`
}

func documentOf(entries ...entry) *explainDocument {
	d := &explainDocument{Problems: []entryDocument{}}
	for _, e := range entries {
		one := entryDocument{ID: e.ID, Area: e.area(), Title: e.Title, Why: e.Why, Do: []remedyDocument{}, Link: e.Link, Hint: e.Hint, Exit: e.Exit}
		for _, r := range e.Do {
			one.Do = append(one.Do, remedyDocument(r))
		}
		d.Problems = append(d.Problems, one)
	}
	return d
}
