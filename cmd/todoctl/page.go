package main

import (
	"fmt"
	"strings"

	"todoctl/provision"
)

// page prints a step as a page of the book: what, why, what will be set, what
// it costs.
func (v *words) page(number, of int, d provision.Description) {
	v.line("")
	v.line("%s", v.paint(bold, fmt.Sprintf("Step %d of %d: %s", number, of, d.Name)))
	for _, s := range []string{d.What, d.Why} {
		for _, l := range fold(s, v.width-2) {
			v.line("  %s", l)
		}
	}
	for _, s := range d.Settings {
		indent := strings.Repeat(" ", 20)
		v.line("  %-17s %s", s.Name, strings.Join(fold(s.Value+settingWhy(s), v.width-len(indent)), "\n"+indent))
	}
	if d.Cost != "" {
		for i, l := range fold("Cost: "+d.Cost, v.width-2) {
			if i == 0 {
				v.line("  %s", l)
				continue
			}
			v.line("        %s", l)
		}
	}
}

func settingWhy(s provision.Setting) string {
	if s.Why == "" {
		return ""
	}
	return " (" + s.Why + ")"
}
