package main

// openEntries are about the web page.
var openEntries = []entry{
	{
		ID: "TODO-OPEN-01", Exit: exitFailed,
		Title: "there is no Function URL for the page to talk to",
		Cause: "the stack has no URL in this Region: it was not made yet, or it was taken away",
		Why: "The page is only a face: every task lies in your table, and the way there is the Function URL, step 4. " +
			"It was not made, or it is in another Region, in another account or of another stack.",
		Do: []remedy{
			{"Make what is missing.", "todoctl up"},
			{"See what there is.", "todoctl status"},
		},
	},
	{
		ID: "TODO-OPEN-02", Exit: exitFailed,
		Title: "the page's port cannot be used",
		Why: "Another program listens on this port of the machine, or the operating system keeps it for itself (those under 1024). " +
			"Without --port the page takes one that is free.",
		Do: []remedy{
			{"Let it choose.", "todoctl open"},
			{"See who has the port: Linux and macOS.", "lsof -i :8080"},
		},
	},
}
