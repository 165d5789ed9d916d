package provision

import "slices"

type names = []string

// Steps is the walkthrough: its order, and what each step needs.
func Steps(cfg Config, c Clients) []Page {
	bill := alarmAPIs{sns: c.SNS, cloudwatch: c.Billing, budgets: c.Budgets}
	return []Page{
		{Step: newTable(cfg, c.DynamoDB)},                                                                // 1. the claim of the stack: made first, removed last
		{Step: newRole(cfg, c.IAM), After: names{"table"}},                                               // 2. IAM spreads it while the table is being made
		{Step: newFunction(cfg, c.Lambda, c.Logs), Needs: names{"role"}},                                 // 3. Lambda must be able to assume the role
		{Step: newURL(cfg, c.Lambda), Needs: names{"function"}},                                          // 4. belongs to the function, and goes before it
		{Step: newTest(cfg, c.Lambda, c.HTTP, c.Signing(cfg)), Needs: names{"table", "url"}, Ours: true}, // 5. proves 1 to 4
		{Step: newAlarm(cfg, bill), After: names{"table", "role"}},                                       // 6. the account's, as the role is: who has made that may make these
	}
}

// Names are the steps' words, in the walkthrough's order.
func Names() []string {
	var names []string
	for _, p := range Steps(Config{}, Clients{}) {
		names = append(names, p.Step.Describe().Name)
	}
	return names
}

// Teardown is the walkthrough as `down` sees it, in the same order, because Run
// walks it backwards. The test is left out: it leaves nothing behind.
func Teardown(cfg Config, c Clients) []Page {
	return slices.DeleteFunc(Steps(cfg, c), func(p Page) bool { return p.Step.Describe().Name == "test" })
}
