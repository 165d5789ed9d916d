// Package provision is what AWS should look like after the walkthrough, and how
// to get there and back.
//
// One idea carries it: look, decide, act, look again. A Step only knows how to
// look at its part of AWS and how to change it. Decide is the whole policy, Plan
// looks at everything, Run acts and then looks until what it wanted is true:
//
//	         Absent   OK       Drift    Foreign            Mixed
//	up       create   keep     update   refuse, before anything is changed
//	down     keep     delete   delete   keep, and say so   delete what is ours
//
// AWS and its tags are the only state. Names are deterministic, so ARNs are
// computed, and no step hands its outputs to another. Every resource that can
// carry a tag gets todoctl's in the call that creates it; what has no such tag
// is Foreign and is neither changed nor deleted.
//
// The order of the walkthrough, and what each step needs, stand in steps.go.
package provision
